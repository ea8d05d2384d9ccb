package transfer_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// asked is what registries were asked for, as the trace of the requests has it: a registry
// that runs elsewhere does not tell. TestTraceOfACopy wants all requests to be in there.
type asked struct{ text }

// watched returns registries that are reached as cfg says, and what they are asked for.
func watched(t *testing.T, cfg transfer.Config) (*transfer.Registries, *asked) {
	t.Helper()
	a := &asked{}
	cfg.Trace, cfg.Verbosity = a, httptransport.TraceRequests
	return open(t, cfg), a
}

// take returns the requests to a registry that it let in, without those for /v2/ and
// those to log in, as servertest.Server has them.
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

// entry is a request in a trace. Its status is "in" if there was no answer.
type entry struct{ method, path, status string }

// entries are all requests to a registry.
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

// downloads are the blobs among the requests, each as often as it was fetched.
func downloads(requests []string) map[string]int {
	found := map[string]int{}
	for _, request := range servertest.WithPrefix(requests, "GET ") {
		if _, digest, ok := strings.Cut(request, "/blobs/"); ok {
			found[digest]++
		}
	}
	return found
}

// uploads counts the uploads among the requests that were completed.
func uploads(requests []string) int {
	count := 0
	for _, request := range servertest.WithPrefix(requests, "PUT ") {
		if strings.Contains(request, "/blobs/uploads/") {
			count++
		}
	}
	return count
}
