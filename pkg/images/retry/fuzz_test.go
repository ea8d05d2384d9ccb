package retry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

// FuzzRetryAfter wants every wait to be within the bound, or an error that says so.
func FuzzRetryAfter(f *testing.F) {
	f.Fuzz(func(t *testing.T, header string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var waited time.Duration
		err := retry.Policy{Attempts: 2, First: time.Second, Longest: time.Second}.Do(ctx, func(_ int, _ error, d time.Duration) {
			waited = d
			cancel()
		}, func(ctx context.Context) error {
			retry.Note(ctx, "registry.example.com", header, time.Now())
			if until := retry.WishOf(ctx); time.Until(until) > retry.LongestWish {
				t.Errorf("%q: the wish is %s", header, until)
			}
			return &transport.Error{StatusCode: 429}
		})
		var long *failure.LongWaitError
		if waited < 0 || waited > retry.LongestWish || (errors.As(err, &long) && long.Asked <= retry.LongestWish) {
			t.Errorf("%q: waited %s, %v", header, waited, err)
		}
	})
}
