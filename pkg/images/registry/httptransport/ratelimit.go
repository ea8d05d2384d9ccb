package httptransport

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// Quota returns the pull quota of a host, if the host has reported one.
func (t *Transport) Quota(host string) (Quota, bool) {
	quota, ok := t.quotas.Load(host)
	if !ok {
		return Quota{}, false
	}
	return quota.(Quota), true
}

// Quotas returns one sentence for each registry that reports its remaining pull quota.
func (t *Transport) Quotas() []string {
	var quotas []string
	t.quotas.Range(func(host, quota any) bool {
		q := quota.(Quota)
		quotas = append(quotas, fmt.Sprintf("%s allows %d more pulls in %s", rewrite.HostName(host.(string)), q.Remaining, q.Window))
		return true
	})
	slices.Sort(quotas)
	return quotas
}
