package plugin

import (
	"context"
	"errors"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

func TestExitCodes(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want int
	}{
		{t.Context(), nil, 0},
		{t.Context(), errors.New("x"), 1},
		{t.Context(), &option.UsageError{Err: errors.New("x")}, 2},
		{t.Context(), &PartialError{}, 3},
		{interrupted, &InterruptedError{}, 130},
		{interrupted, errors.New("context canceled"), 130},
	} {
		if got := exitCode(test.ctx, test.err); got != test.want {
			t.Errorf("%v: got %d, want %d", test.err, got, test.want)
		}
	}
}

func TestReleaseRanges(t *testing.T) {
	got := releaseRanges([]string{"v2.28.0", "v2.28.1", "v2.28.13", "v2.30.6", "v2.31.0"})
	if want := "v2.28.0–v2.28.13, v2.30.6, v2.31.0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
