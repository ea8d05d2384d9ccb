package status_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

// FuzzRetryAfter checks that every wait is within the limit, or is an error.
func FuzzRetryAfter(f *testing.F) {
	f.Fuzz(func(t *testing.T, header string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var waited time.Duration
		err := retry.Policy{Attempts: 2, First: time.Second, Longest: time.Second}.Do(ctx, func(_ int, _ error, d time.Duration) {
			waited = d
			cancel()
		}, func(context.Context) error {
			after := status.RetryAfter(http.Header{"Retry-After": {header}}, time.Now())
			return status.Of(&transport.Error{StatusCode: http.StatusTooManyRequests}, false, after)
		})
		var long *failure.LongWaitError
		if waited < 0 || waited > retry.LongestWait || (errors.As(err, &long) && long.Asked <= retry.LongestWait) {
			t.Errorf("%q: waited %s, %v", header, waited, err)
		}
	})
}
