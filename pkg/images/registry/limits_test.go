package registry_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
)

// known answers HEAD requests for manifests.
func known(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path, "/manifests/") {
		w.Header().Set("Docker-Content-Digest", someDigest)
	}
}

// TestClientsShareTheLimits checks that all requests of a process to a host share one limit:
// those of discovery, those of a run, and those with other credentials.
func TestClientsShareTheLimits(t *testing.T) {
	host := serve(t, known)
	client := registry.New(registry.Config{Limits: pace.New(map[string]pace.Budget{host: {PerSecond: 20, Burst: 1, Most: 20}})})
	t.Cleanup(client.Close)
	other, _, err := client.With(host, registry.Access{Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	ref := images.Ref{Registry: host, Repository: "team/app", Tag: "v1"}
	source, err := client.NewRun(&unlimited{}).Source(ref, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var group sync.WaitGroup
	for range 4 {
		for _, ask := range []func() (string, error){
			func() (string, error) { return client.Digest(t.Context(), ref) },
			func() (string, error) { return other.Digest(t.Context(), ref) },
			func() (string, error) { return source.Resolve(t.Context(), "v1") },
		} {
			group.Go(func() {
				if _, err := ask(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	const requests = 3*4 + 2 // and a request for the login of each client
	if took := time.Since(began); took < (requests-1)*time.Second/20 {
		t.Errorf("%d requests in %s", requests, took)
	}
}

// TestARetryAfterConcernsAllRequests checks that no request is sent to a host before the time
// of its Retry-After.
func TestARetryAfterConcernsAllRequests(t *testing.T) {
	var asked atomic.Int32
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/manifests/") && asked.Add(1) == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		known(w, r)
	})
	client := registry.New(registry.Config{})
	t.Cleanup(client.Close)
	ref := images.Ref{Registry: host, Repository: "team/app", Tag: "v1"}
	began := time.Now()
	if _, err := client.Digest(t.Context(), ref); err != nil || time.Since(began) < time.Second || asked.Load() != 2 {
		t.Errorf("%v after %s and %d requests", err, time.Since(began), asked.Load())
	}
}

// TestAnExhaustedQuotaIsALongWait checks that a registry whose pulls are used up is asked
// once, and that the wait is bounded by the limit of the user.
func TestAnExhaustedQuotaIsALongWait(t *testing.T) {
	var asked atomic.Int32
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return
		}
		w.Header().Set("RateLimit-Remaining", "0;w=2")
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		known(w, r)
	})
	ref := images.Ref{Registry: host, Repository: "team/app", Tag: "v1"}
	short := registry.New(registry.Config{MaxWait: time.Second})
	t.Cleanup(short.Close)
	if _, err := short.Digest(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "after 2s") || !strings.Contains(err.Error(), "limit of 1s") || asked.Load() != 1 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
	asked.Store(0)
	long := registry.New(registry.Config{MaxWait: time.Minute})
	t.Cleanup(long.Close)
	if _, err := long.Digest(t.Context(), ref); err != nil || asked.Load() != 2 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
	if quota, ok := long.Quota(host); !ok || quota.Remaining != 0 || quota.Window != 2*time.Second {
		t.Errorf("%+v, %t", quota, ok)
	}
}
