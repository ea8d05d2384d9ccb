package httptransport

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// Bounds of a quota. Headers with larger numbers are ignored.
const (
	maxPulls  = 1_000_000_000
	maxWindow = 31 * 24 * time.Hour
)

// Quota is the pull quota of a host, from the headers RateLimit-Limit and
// RateLimit-Remaining, such as "100;w=21600" (Docker Hub: requests with GET for manifests, in
// seconds).
type Quota struct {
	Limit     int // pulls in the window; 0: unknown
	Remaining int
	Window    time.Duration
}

// quotaOf reads the quota in the headers of an answer.
func quotaOf(header http.Header) (Quota, bool) {
	left, window, ok := parseQuota(header.Get("RateLimit-Remaining"))
	if !ok {
		return Quota{}, false
	}
	limit, _, _ := parseQuota(header.Get("RateLimit-Limit"))
	return Quota{Limit: limit, Remaining: left, Window: window}, true
}

// parseQuota parses a number of pulls with its window.
func parseQuota(text string) (pulls int, window time.Duration, ok bool) {
	number, parameters, _ := strings.Cut(text, ";")
	pulls, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || pulls < 0 || pulls > maxPulls {
		return 0, 0, false
	}
	seconds, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(parameters), "w="), 10, 32)
	window = time.Duration(seconds) * time.Second
	if err != nil || window == 0 || window > maxWindow {
		return 0, 0, false
	}
	return pulls, window, true
}

// quotas are the pull quotas of hosts. Answers to concurrent requests arrive in any order: of two
// quotas whose order is not known, the lower one counts. A quota in the answer to a request that
// began after the other quota had arrived is newer, and counts in any case: the host may have begun
// a new window. The zero value is ready for use.
type quotas struct {
	mu      sync.Mutex
	answers int64 // that were recorded so far: the time for the order
	hosts   map[string]reportedQuota
}

// reportedQuota is a quota with the time at which its answer arrived.
type reportedQuota struct {
	Quota
	arrived int64
}

// now returns the time at which a request begins.
func (q *quotas) now() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.answers
}

// record records the quota in the answer to a request that began at a time.
func (q *quotas) record(host string, quota Quota, begun int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.answers++
	last, known := q.hosts[host]
	concurrent := known && begun < last.arrived
	if concurrent && last.Limit == quota.Limit && last.Window == quota.Window && last.Remaining <= quota.Remaining {
		return
	}
	if q.hosts == nil {
		q.hosts = map[string]reportedQuota{}
	}
	q.hosts[host] = reportedQuota{quota, q.answers}
}

// Quota returns the pull quota of a host, if the host has reported one.
func (t *Transport) Quota(host string) (Quota, bool) {
	t.quotas.mu.Lock()
	defer t.quotas.mu.Unlock()
	last, ok := t.quotas.hosts[host]
	return last.Quota, ok
}

// Quotas returns one sentence for each registry that reports its remaining pull quota.
func (t *Transport) Quotas() []string {
	t.quotas.mu.Lock()
	defer t.quotas.mu.Unlock()
	var texts []string
	for host, q := range t.quotas.hosts {
		texts = append(texts, fmt.Sprintf("%s allows %d more pulls in %s", rewrite.HostName(host), q.Remaining, q.Window))
	}
	slices.Sort(texts)
	return texts
}
