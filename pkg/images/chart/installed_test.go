package chart_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// TestInstalledIsBounded has a release whose manifest would take gigabytes to parse: whoever
// may write Secrets can have put it there.
func TestInstalledIsBounded(t *testing.T) {
	pool := worker.NewPool(os.Args[0], "serve")
	t.Cleanup(pool.Close)
	r := &chart.Renderer{Workers: pool}
	none := func(string, string) *chart.Chart { return nil }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := r.Installed(t.Context(), chart.InstalledRelease{Manifests: []string{"a: [" + strings.Repeat("0,", 12<<20) + "]"}}, none, true)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "takes more than") {
		t.Error(err)
	}
	if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 400 {
		t.Errorf("this process allocated %d MiB", allocated)
	}
}
