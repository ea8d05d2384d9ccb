package plugin

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/runner"
)

// TestLostResultsHideNoFailure expects the error of the second of two pods, also if the report of the first one
// lacks results: the same command again would fail for the same reason.
func TestLostResultsHideNoFailure(t *testing.T) {
	lost := events.State{Done: true, Exit: exitPartial, Lost: 2}
	for _, tt := range []struct {
		second events.State
		code   int
		text   string
	}{
		{events.State{Done: true, Exit: exitUsage, Error: "error: unknown platform"}, exitUsage, "unknown platform"},
		{events.State{Done: true, Exit: exitFailed, Error: "error: wrong password"}, exitFailed, "wrong password"},
		{events.State{}, exitFailed, "the Job copy failed: BackoffLimitExceeded: too many\nTo resume, run the same command again: images that are in the target are not copied again"},
		{events.State{Done: true}, exitFailed, "the report lacks 2 images: the node has rotated the log of a pod of the Job copy. For the whole report, run the same command again: images that are in the target are not copied again"},
	} {
		err := jobError("copy", runner.Outcome{Failed: true, Reason: "BackoffLimitExceeded", Message: "too many"}, []events.State{lost, tt.second})
		if err == nil || err.Error() != tt.text || exitCode(t.Context(), err) != tt.code {
			t.Errorf("%+v: got %v", tt.second, err)
		}
	}
}
