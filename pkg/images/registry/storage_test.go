package registry_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
)

// unlimited lets every request through, and records all calls.
type unlimited struct {
	slowed    atomic.Int64
	succeeded atomic.Int64
}

func (*unlimited) Request(_ context.Context, _ string, send func() error) error { return send() }
func (l *unlimited) Succeeded(string)                                           { l.succeeded.Add(1) }
func (l *unlimited) SlowDown(string, time.Time)                                 { l.slowed.Add(1) }

// watcher counts the calls of a storage.Progress.
type watcher struct{ starts, sent, waits atomic.Int64 }

func (w *watcher) Start()                            { w.starts.Add(1) }
func (w *watcher) Sent(n int64)                      { w.sent.Add(n) }
func (w *watcher) Waiting(int, error, time.Duration) { w.waits.Add(1) }

// target returns the storage of an image in a registry with a handler.
func target(t *testing.T, handler http.Handler, l registry.Limiter, w *watcher) (*registry.Run, *registry.Storage) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client := registry.New(registry.Config{Retry: retry.Policy{Attempts: 3, First: time.Millisecond, Longest: time.Millisecond}})
	t.Cleanup(client.Close)
	run := client.NewRun(l)
	to, err := run.Target(images.Ref{Registry: strings.TrimPrefix(server.URL, "http://"), Repository: "team/app", Tag: "v1"}, w)
	if err != nil {
		t.Fatal(err)
	}
	return run, to
}

func TestRepositoriesAreStorages(t *testing.T) {
	for name, opts := range map[string]registrytest.Options{"mounting": {}, "without mounts": {NoMounts: true}} {
		t.Run(name, func(t *testing.T) {
			_, to := target(t, registrytest.New(opts), &unlimited{}, &watcher{})
			storagetest.Check(t, to, "v1")
		})
	}
}

func TestTransientAnswersAreRetried(t *testing.T) {
	inner, limiter, w := registrytest.New(registrytest.Options{}), &unlimited{}, &watcher{}
	var asked atomic.Int64
	_, to := target(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" && asked.Add(1) == 1 {
			rw.Header().Set("Retry-After", "0")
			rw.WriteHeader(http.StatusTooManyRequests)
			return
		}
		inner.ServeHTTP(rw, r)
	}), limiter, w)
	if _, err := to.Resolve(t.Context(), "v1"); err == nil || asked.Load() != 2 {
		t.Errorf("%d requests, %v", asked.Load(), err)
	}
	if limiter.slowed.Load() != 1 || w.waits.Load() != 1 || w.starts.Load() != 2 {
		t.Errorf("slowed %d times, %d waits, %d starts", limiter.slowed.Load(), w.waits.Load(), w.starts.Load())
	}
}

// TestRefusedCredentialsEndTheRun checks that no more requests are sent to a registry that
// has refused the credentials.
func TestRefusedCredentialsEndTheRun(t *testing.T) {
	var asked atomic.Int64
	run, to := target(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		asked.Add(1)
		rw.WriteHeader(http.StatusUnauthorized)
	}), &unlimited{}, &watcher{})
	if err := run.Refused(to.Location()); err != nil {
		t.Errorf("before: %v", err)
	}
	for range 2 {
		if _, err := to.Resolve(t.Context(), "v1"); err == nil {
			t.Error("no error")
		}
	}
	if err := run.Refused(to.Location()); err == nil || !strings.Contains(err.Error(), "not tried") || asked.Load() != 1 {
		t.Errorf("%d requests, %v", asked.Load(), err)
	}
}

// TestABrokenUploadIsContinued interrupts an upload, and checks that the next push sends
// only the rest.
func TestABrokenUploadIsContinued(t *testing.T) {
	_, to := target(t, registrytest.New(registrytest.Options{}), &unlimited{}, &watcher{})
	data := make([]byte, 9<<20)
	for i := range data {
		data[i] = byte(i >> 8)
	}
	desc, offsets := storagetest.Describe(t, data), []int64{}
	cut := errors.New("cut")
	push := func(limit int64) error {
		_, err := to.Push(t.Context(), desc, "", storagetest.CutOpener(data, limit, cut, &offsets))
		return err
	}
	if err := push(8 << 20); !errors.Is(err, cut) {
		t.Fatalf("the first push: %v", err)
	}
	if err := push(int64(len(data))); err != nil {
		t.Fatalf("the second push: %v", err)
	}
	if len(offsets) != 2 || offsets[0] != 0 || offsets[1] == 0 {
		t.Errorf("read from %v on", offsets)
	}
}
