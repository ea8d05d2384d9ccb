package option_test

import (
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

func TestJoinDryRun(t *testing.T) {
	for text, want := range map[string]string{
		"sync a --dry-run":                "sync a --dry-run",
		"sync --dry-run a":                "sync --dry-run a",
		"patch-config a --dry-run server": "patch-config a --dry-run=server",
		"--dry-run client -o yaml":        "--dry-run=client -o yaml",
		"--dry-run=none server":           "--dry-run=none server",
		"a -- --dry-run server":           "a -- --dry-run server",
	} {
		if got := strings.Join(option.JoinDryRun(strings.Fields(text)), " "); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
