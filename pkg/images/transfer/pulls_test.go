package transfer_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// warner is an Observer that records warnings, with the number of blobs that were read before.
type warner struct {
	recorder
	registry *registrytest.Registry
	warnings []string
	blobs    int
}

func (w *warner) Warned(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warnings = append(w.warnings, text)
	w.blobs += w.registry.Take().Kinds["GET blobs"]
}

// hub is a registry with a pull quota, like Docker Hub, with a fleet of images.
func hub(t *testing.T, repositories int, limits registrytest.Limits) (*registrytest.Limited, *registrytest.Registry, images.Plan) {
	t.Helper()
	registry := registrytest.New(registrytest.Options{NoReferrers: true})
	refs, _, err := small(repositories).Add(registry)
	if err != nil {
		t.Fatal(err)
	}
	limited := registrytest.Limit(registry, limits)
	server := httptest.NewServer(limited)
	t.Cleanup(server.Close)
	to := newStrict(t, registrytest.Options{})
	from := &servertest.Registry{Host: strings.TrimPrefix(server.URL, "http://")}
	return limited, registry, planBetween(t, from, &to.server.Registry, refs...)
}

// TestPullsThatDoNotSuffice checks that a copy warns before the first blob, uses the pulls for
// whole images, and sends no request that the registry refuses.
func TestPullsThatDoNotSuffice(t *testing.T) {
	const each = 3 // an index and two platforms
	for name, tt := range map[string]struct {
		pulls, copied int
		warned        bool
	}{
		"plenty":                {20 * 10, 20, false},
		"enough":                {20 * each, 20, false},
		"one too few":           {20*each - 1, 19, false},
		"for a part of them":    {8, 2, true},
		"for none of them":      {2, 0, true},
		"used up by an index":   {1, 0, true},
		"for each index at all": {20, 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			limited, registry, plan := hub(t, 20, registrytest.Limits{Pulls: tt.pulls, Window: 6 * time.Hour})
			w := &warner{registry: registry}
			report := open(t, login()).Copy(t.Context(), plan, transfer.Options{Observer: w})
			if n := report.Count(images.Copied); n != tt.copied || report.Count(images.Failed) != 20-n {
				t.Errorf("%d of 20 copied, want %d", n, tt.copied)
			}
			if _, refused := limited.Counts(); refused > 0 {
				t.Errorf("%d requests were refused", refused)
			}
			if (len(w.warnings) == 1) != tt.warned || w.blobs > 0 {
				t.Errorf("%q after %d blobs", w.warnings, w.blobs)
			}
			for _, result := range report.Results {
				if result.Outcome == images.Failed {
					wantAdvice(t, result)
				}
			}
		})
	}
}

// wantAdvice fails the test unless a result says how to get the image.
func wantAdvice(t *testing.T, result images.Result) {
	t.Helper()
	for _, want := range []string{"docker login", "--registry-map", "--max-wait 6h", "again in 6h"} {
		if result.Class != images.ClassRateLimit || !strings.Contains(result.Remedy, want) || !strings.Contains(result.Error, "more pulls in 6h") {
			t.Errorf("%s, %q: %q does not say %q", result.Class, result.Error, result.Remedy, want)
		}
	}
}

// TestPullsAreWaitedFor checks that a copy waits for more pulls if the user allows the wait,
// without a request that the registry refuses.
func TestPullsAreWaitedFor(t *testing.T) {
	limited, registry, plan := hub(t, 6, registrytest.Limits{Pulls: 5, Window: time.Second})
	cfg, w := login(), &warner{registry: registry}
	cfg.MaxWait = time.Minute
	began := time.Now()
	wantAll(t, open(t, cfg).Copy(t.Context(), plan, transfer.Options{Observer: w}), images.Copied)
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("18 pulls in %s, want at least 3s", took)
	}
	if _, refused := limited.Counts(); refused > 0 {
		t.Errorf("%d requests were refused", refused)
	}
	if len(w.warnings) != 1 || !strings.Contains(w.warnings[0], "the copy waits") || len(w.waits) == 0 {
		t.Errorf("%q, %d waits", w.warnings, len(w.waits))
	}
}
