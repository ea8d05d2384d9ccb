package plugin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// TestNoSectionIsReadyWithoutAMirror checks each section alone of an installation that names no mirror.
func TestNoSectionIsReadyWithoutAMirror(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	kubeconfig := master(t, fmt.Sprintf(oneVersion, ""))
	for _, section := range check.Sections() {
		if section == check.SectionAccess {
			continue // needs no mirror
		}
		got := run(t, "check", "--only", string(section), "--upgrade", "v2.31.0", "--kubeconfig", kubeconfig, "--registry-map", "*="+closed(t))
		if got.code != 3 || !strings.Contains(got.stdout, "\n  ✗ the mirror of this installation: no field of the KubermaticConfiguration names a mirror\n") {
			t.Errorf("%s: exit code %d: %s\n%s", section, got.code, got.stdout, got.stderr)
		}
	}
}
