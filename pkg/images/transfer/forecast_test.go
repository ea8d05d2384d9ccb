package transfer_test

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/contentcache"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// requests is the number of requests of statistics.
func requests(stats registrytest.Stats) int {
	sum := 0
	for _, n := range stats.Kinds {
		sum += n
	}
	return sum
}

// wantAgreement fails the test unless a forecast and the report of the copy after it agree.
func wantAgreement(t *testing.T, f images.Forecast, report images.Report) {
	t.Helper()
	doc := f.Document(images.Target{}, images.Inventory{}, nil)
	if doc.Summary.Bytes != report.Bytes() || doc.Summary.Mounted != report.Mounted() {
		t.Errorf("forecast: %d bytes uploaded, %d mounted; copied: %d and %d", doc.Summary.Bytes, doc.Summary.Mounted, report.Bytes(), report.Mounted())
	}
	if doc.Summary.New+doc.Summary.Different != report.Count(images.Copied) || doc.Summary.Present != report.Count(images.Present) || doc.Summary.Unknown != report.Count(images.Failed) {
		t.Errorf("forecast: %+v; copied %d, present %d, failed %d", doc.Summary, report.Count(images.Copied), report.Count(images.Present), report.Count(images.Failed))
	}
}

// wantTraffic fails the test unless the requests to a registry are those of a forecast, within 5 %.
func wantTraffic(t *testing.T, f images.Forecast, host string, got int) {
	t.Helper()
	for _, traffic := range f.Registries {
		if traffic.Registry == host {
			if math.Abs(float64(traffic.Requests-got)) > max(1, 0.05*float64(got)) {
				t.Errorf("%s: %d requests, forecast %d", host, got, traffic.Requests)
			}
			return
		}
	}
	t.Errorf("%s has no forecast: %+v", host, f.Registries)
}

// TestForecastAgrees compares a forecast with the copy after it: into an empty registry, into one
// that has a part of the images and of the blobs, and with manifests of an earlier run or without.
func TestForecastAgrees(t *testing.T) {
	for name, kept := range map[string]*contentcache.Cache{"kept manifests": contentcache.New(t.TempDir()), "nothing kept": nil} {
		t.Run(name, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			plan := fleet(t, small(40), from, to)
			opts := transfer.Options{Jobs: 1}
			if kept != nil {
				opts.Kept = kept
			}
			some := plan
			some.Copies = plan.Copies[:8]
			for _, part := range []images.Plan{some, plan, plan} {
				f, err := open(t, login(from.server, to.server)).Forecast(t.Context(), part, opts)
				if err != nil {
					t.Fatal(err)
				}
				if stats := to.Take(); stats.Kinds["PUT manifests"]+stats.Kinds["POST uploads"] > 0 {
					t.Errorf("a forecast wrote: %v", stats.Kinds)
				}
				if stats := from.Take(); stats.Kinds["GET blobs"] > 0 {
					t.Errorf("a forecast read blobs: %v", stats.Kinds)
				}
				registries := open(t, login(from.server, to.server))
				report := registries.Copy(t.Context(), part, opts)
				wantAgreement(t, f, report)
				pulled, pushed := from.Take(), to.Take()
				wantTraffic(t, f, from.server.Host, requests(pulled))
				if report.Count(images.Copied) > 0 {
					pushed.Kinds["POST uploads"] += 2 // whether pushes are allowed: asked before a copy
				}
				wantTraffic(t, f, to.server.Host, requests(pushed))
				if kept != nil && pulled.Kinds["GET manifests"] > 0 {
					t.Errorf("%d manifests were read twice", pulled.Kinds["GET manifests"])
				}
			}
		})
	}
}

// TestForecastNamesDifferentImages checks the states of images, and the digests of an image that
// would be replaced.
func TestForecastNamesDifferentImages(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(3), from, to)
	registries := open(t, login(from.server, to.server))
	first := plan
	first.Copies = plan.Copies[:1]
	wantAll(t, registries.Copy(t.Context(), first, transfer.Options{}), images.Copied)
	second := plan.Copies[1]
	second.Target = plan.Copies[0].Target
	f, err := registries.Forecast(t.Context(), images.Plan{Target: plan.Target, Copies: []images.Copy{second, plan.Copies[2]}}, transfer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	item := f.Items[0]
	if item.State != images.StateDifferent || item.Before == "" || item.Digest == item.Before || item.Size <= 0 || item.Bytes <= 0 || len(item.Parts) == 0 {
		t.Errorf("got %+v", item)
	}
	if f.Items[1].State != images.StateNew || f.Items[1].Before != "" {
		t.Errorf("got %+v", f.Items[1])
	}
}

// TestForecastOfPulls checks that a forecast reads manifests that a sync then does not pull again,
// and says how many pulls are left.
func TestForecastOfPulls(t *testing.T) {
	const each = 3 // an index and two platforms
	limited, _, plan := hub(t, 5, registrytest.Limits{Pulls: 5 * each, Window: 6 * time.Hour})
	opts := transfer.Options{Kept: contentcache.New(t.TempDir())}
	f, err := open(t, login()).Forecast(t.Context(), plan, opts)
	if err != nil {
		t.Fatal(err)
	}
	var hubs int
	for _, traffic := range f.Registries {
		if traffic.Left != nil {
			hubs++
			if traffic.Pulls != 0 || traffic.Unkept != 5*each || *traffic.Left != 0 || traffic.Limit != 5*each || traffic.Window != "6h" {
				t.Errorf("got %+v, %d left", traffic, *traffic.Left)
			}
		}
	}
	if hubs != 1 {
		t.Errorf("got %+v", f.Registries)
	}
	wantAll(t, open(t, login()).Copy(t.Context(), plan, opts), images.Copied)
	if _, refused := limited.Counts(); refused > 0 {
		t.Errorf("%d requests were refused", refused)
	}
}

// TestForecastOfAnInterruptedArchive checks that an archive needs no room for what an interrupted run
// has written, and that the forecast agrees with the next run.
func TestForecastOfAnInterruptedArchive(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		t.Run(form, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			all := inArchive(fleet(t, small(8), from, to))
			some := all
			some.Copies = all.Copies[:3]
			registries, name := open(t, login()), form+filepath.Join(t.TempDir(), "archive")
			forecast := func(plan images.Plan) images.Forecast {
				t.Helper()
				into, err := transfer.ContinuedArchive(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				defer into.Close()
				f, err := registries.Forecast(t.Context(), plan, transfer.Options{Into: into})
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
			copied := func(plan images.Plan) images.Report {
				t.Helper()
				into, err := transfer.CreateArchive(name)
				if err != nil {
					t.Fatal(err)
				}
				report := registries.Copy(t.Context(), plan, transfer.Options{Into: into})
				if err := into.Close(); err != nil { // as after an interruption
					t.Fatal(err)
				}
				return report
			}
			whole, part := forecast(all).Room.Needed, forecast(some).Room.Needed
			wantAll(t, copied(some), images.Copied)
			rest := forecast(all)
			if rest.Room.Needed != whole-part || part <= 0 {
				t.Errorf("%d bytes are needed for the rest, %d for all, of which %d are written", rest.Room.Needed, whole, part)
			}
			report := copied(all)
			var bytes int64
			for _, item := range rest.Items {
				bytes += item.Bytes
			}
			if bytes != report.Bytes() || bytes == 0 {
				t.Errorf("forecast: %d bytes; copied: %d", bytes, report.Bytes())
			}
		})
	}
}
