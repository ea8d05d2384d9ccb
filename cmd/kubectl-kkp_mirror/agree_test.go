package main

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// agrees wants a forecast and the report of the sync after it to have the same images and bytes, and
// the requests of each registry and the mounts to differ by at most 5 %: agrees FORECAST REPORT LOG.
// LOG is the stderr of the sync with -v 6.
func agrees(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: agrees FORECAST REPORT LOG")
	}
	var forecast images.SyncForecast
	var report images.SyncReport
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &forecast))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &report))
	f, r := forecast.Summary, report.Summary
	if f.Bytes != r.Bytes || f.New+f.Different != r.Copied || f.Present != r.Present || f.Unknown != r.Failed {
		ts.Fatalf("forecast: %+v, report: %+v", f, r)
	}
	if len(forecast.Items) != len(report.Items) || len(report.Items) == 0 {
		ts.Fatalf("forecast: %d images, report: %d", len(forecast.Items), len(report.Items))
	}
	for i, item := range forecast.Items { // both are in the order of the plan
		result := report.Items[i]
		if item.Source != result.Source || (item.State == images.StatePresent) != (result.Outcome == images.Present) {
			ts.Fatalf("%s: forecast %s; %s: %s", item.Source, item.State, result.Source, result.Outcome)
		}
	}
	if !near(f.Mounted, r.Mounted) {
		ts.Fatalf("forecast: %d bytes mounted, report: %d", f.Mounted, r.Mounted)
	}
	sent, mounts := logged(ts.ReadFile(args[2]))
	if len(forecast.Registries) == 0 {
		ts.Fatalf("the forecast has no registries")
	}
	for _, registry := range forecast.Registries {
		ts.Logf("%s: %d requests, %d mounts; forecast: %+v", registry.Registry, sent[registry.Registry], mounts[registry.Registry], registry)
		if !near(int64(registry.Requests), int64(sent[registry.Registry])) {
			ts.Fatalf("%s: %d requests, forecast %d", registry.Registry, sent[registry.Registry], registry.Requests)
		}
		if !near(int64(registry.Mounts), int64(mounts[registry.Registry])) {
			ts.Fatalf("%s: %d mounts, forecast %d", registry.Registry, mounts[registry.Registry], registry.Mounts)
		}
	}
}

// near reports whether two numbers differ by at most 5 %.
func near(forecast, got int64) bool {
	return math.Abs(float64(forecast-got)) <= 0.05*float64(got)
}

// logged counts the requests to registries in a log, and the mounts from another repository, by host.
func logged(log string) (requests, mounts map[string]int) {
	requests, mounts = map[string]int{}, map[string]int{}
	for _, line := range regexp.MustCompile(`\b(GET|HEAD|POST|PUT|PATCH|DELETE) (https?://[^ "]+)`).FindAllStringSubmatch(log, -1) {
		at, err := url.Parse(line[2])
		if err != nil || !strings.HasPrefix(at.Path, "/v2/") {
			continue
		}
		requests[at.Host]++
		if from := at.Query().Get("from"); from != "" && !strings.HasPrefix(at.Path, "/v2/"+from+"/blobs/") {
			mounts[at.Host]++
		}
	}
	return requests, mounts
}
