package display_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

func TestReleaseRanges(t *testing.T) {
	got := display.ReleaseRanges([]string{"v2.28.0", "v2.28.1", "v2.28.13", "v2.30.6", "v2.31.0"})
	if want := "v2.28.0–v2.28.13, v2.30.6, v2.31.0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
