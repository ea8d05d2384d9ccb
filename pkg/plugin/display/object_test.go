package display_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

func TestObjects(t *testing.T) {
	var out bytes.Buffer
	display.Objects(&out, []display.ObjectResult{
		{Name: "seed/a", Outcome: display.Patched},
		{Name: "seed/b", Outcome: display.Reverted, DryRun: "server dry run"},
		{Name: "seed/c", Outcome: display.Unchanged, DryRun: "server dry run"},
	})
	if diff := cmp.Diff("seed/a patched\nseed/b reverted (server dry run)\nseed/c unchanged\n", out.String()); diff != "" {
		t.Error(diff)
	}
}
