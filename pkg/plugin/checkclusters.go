package plugin

import (
	"context"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// findAccess checks which clusters can be read, with which rights, and until when.
func findAccess(_ context.Context, s *checkState) []check.Finding {
	return check.Access(s.inst.Access, time.Now())
}

// findRunning checks the images that running pods name.
func findRunning(_ context.Context, s *checkState) []check.Finding {
	if !s.hasMirror() {
		return nil
	}
	return check.Running(check.RunningInput{Installation: s.inst, Mirror: s.target, Declared: s.runtimeMirrors})
}
