package podreason_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/podreason"
)

// A container waits for one thing at a time.
func TestReasons(t *testing.T) {
	for reason, want := range map[string]struct{ start, pull bool }{
		"ContainerCreating":         {start: true},
		"PodInitializing":           {start: true},
		"ErrImagePull":              {pull: true},
		"ImagePullBackOff":          {pull: true},
		"SignatureValidationFailed": {pull: true},
		"CrashLoopBackOff":          {},
		"CreateContainerError":      {},
		"":                          {},
	} {
		if start, pull := podreason.IsStart(reason), podreason.IsPull(reason); start != want.start || pull != want.pull {
			t.Errorf("%q: got %t, %t", reason, start, pull)
		}
	}
}
