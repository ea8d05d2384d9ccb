package plugin

import (
	"strings"
	"testing"
)

// TestHelmProgress expects a line for each change, and no line for other messages of Helm.
func TestHelmProgress(t *testing.T) {
	var out strings.Builder
	progress := &helmProgress{out: &out, release: "dex/dex"}
	progress.log("creating %d resource(s)", 3)
	for _, ready := range []int{0, 0, 1, 1} {
		progress.log("Deployment is not ready: %s/%s. %d out of %d expected pods are ready", "dex", "dex", ready, 2)
	}
	want := "dex/dex: Deployment is not ready: dex/dex. 0 out of 2 expected pods are ready\n" +
		"dex/dex: Deployment is not ready: dex/dex. 1 out of 2 expected pods are ready\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
}
