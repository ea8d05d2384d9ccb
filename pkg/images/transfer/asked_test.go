package transfer_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// asked has the requests to registries, from the request log, because registries in other
// processes do not report them. TestTraceOfACopy checks that the log has all requests.
type asked struct{ text }

// watched returns registries with a configuration, and their requests.
func watched(t *testing.T, cfg transfer.Config) (*transfer.Registries, *asked) {
	t.Helper()
	a := &asked{}
	cfg.Trace, cfg.Verbosity = a, httptransport.TraceRequests
	return open(t, cfg), a
}

// take returns the authorized requests to a registry, without those for /v2/ and for
// logins, in the format of servertest.Server.
func (a *asked) take(t *testing.T, r *servertest.Registry) []string {
	t.Helper()
	var requests []string
	for _, e := range a.entries(t, r) {
		if e.status != "401" && strings.HasPrefix(e.path, "/v2/") && e.path != "/v2/" {
			requests = append(requests, e.method+" "+e.path)
		}
	}
	return requests
}

// entry is a request in the log. Its status is "in" if there was no answer.
type entry struct{ method, path, status string }

// entries returns all requests to a registry.
func (a *asked) entries(t *testing.T, r *servertest.Registry) []entry {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	var entries []entry
	for line := range strings.Lines(a.b.String()) {
		if strings.HasPrefix(line, " ") { // a header
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			t.Fatalf("not a request: %q", line)
		}
		at, err := url.Parse(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		if at.Host == r.Host {
			entries = append(entries, entry{fields[0], at.Path, fields[2]})
		}
	}
	return entries
}

// downloads returns the downloaded blobs, with the number of their downloads.
func downloads(requests []string) map[string]int {
	found := map[string]int{}
	for _, request := range servertest.WithPrefix(requests, "GET ") {
		if _, digest, ok := strings.Cut(request, "/blobs/"); ok {
			found[digest]++
		}
	}
	return found
}

// uploads returns the number of completed uploads.
func uploads(requests []string) int {
	count := 0
	for _, request := range servertest.WithPrefix(requests, "PUT ") {
		if strings.Contains(request, "/blobs/uploads/") {
			count++
		}
	}
	return count
}
