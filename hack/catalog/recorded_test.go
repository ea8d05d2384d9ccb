package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestRunsOfTheRealInstaller reads the recorded runs of the real kubermatic-installer, where the data of KKP
// has them: the catalog is what v2.31.0 lists, and v2.31.1 adds versions of Kubernetes only.
func TestRunsOfTheRealInstaller(t *testing.T) {
	harness.DataFiles(t, "installer-runs/v2.31.*/01-all.images")
	runs := filepath.Join(harness.Data(t), "installer-runs")
	for release, news := range map[string]string{"v2.31.0": "", "v2.31.1": "! Kubernetes versions: +1.34.11 +1.35.8 +1.36.4\n"} {
		dir := copyData(t)
		before := mustRead(t, filepath.Join(dir, "v2.31.yaml"))
		var out bytes.Buffer
		if err := run(t.Context(), []string{"-release", release, "-edition", "ce", "-runs", filepath.Join(runs, release), "-data", dir, "-expected", dir, "-write"}, &out, &out); err != nil {
			t.Errorf("%s: %v", release, err)
			continue
		}
		if !strings.HasPrefix(out.String(), release+" ce: 0 added, 0 removed, 0 changed") || !strings.Contains(out.String(), news) {
			t.Errorf("%s: %s", release, out.String())
		}
		after := mustRead(t, filepath.Join(dir, "v2.31.yaml"))
		if start, end := strings.Index(after, "- version: v2.31.1"), strings.Index(after, "settings:"); news != "" && start > 0 {
			after = after[:start] + after[end:]
		}
		if after != before {
			t.Errorf("%s: more changed than the list of releases", release)
		}
	}
}
