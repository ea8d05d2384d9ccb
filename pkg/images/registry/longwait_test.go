package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
)

// TestRegistriesThatAskToWaitLong checks that a Retry-After beyond the limit fails at once,
// with an error that names the host.
func TestRegistriesThatAskToWaitLong(t *testing.T) {
	inAYear := time.Now().AddDate(1, 0, 0).UTC().Format(http.TimeFormat)
	for _, wish := range []string{"901", "1000000000", "99999999999999999999999", inAYear} {
		var asked atomic.Int32
		host := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/manifests/") {
				asked.Add(1)
				w.Header().Set("Retry-After", wish)
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		r := registry.New(registry.Config{})
		t.Cleanup(r.Close)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := r.Digest(ctx, images.Ref{Registry: host, Repository: "team/app", Tag: "v1"})
		var long *failure.LongWaitError
		if !errors.As(err, &long) || long.Host != host || asked.Load() != 1 || ctx.Err() != nil {
			t.Errorf("%s: %v after %d requests", wish, err, asked.Load())
		}
		if failure.IsTransient(err) || failure.Classify(err) != images.ClassRateLimit {
			t.Errorf("%s: class %q, transient %t", wish, failure.Classify(err), failure.IsTransient(err))
		}
		for _, word := range []string{"pulling " + host + "/team/app:v1: 429", host + " asks to retry after", "15m0s"} {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %v does not say %q", wish, err, word)
			}
		}
	}
}
