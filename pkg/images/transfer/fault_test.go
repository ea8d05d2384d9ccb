package transfer_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// times returns a fault for the first n requests that match.
func times(n int32, matches func(*http.Request) bool, fault func(http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
	var count atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !matches(r) || count.Add(1) > n {
			return false
		}
		fault(w)
		return true
	}
}

func isBlobGet(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/sha256:")
}

// isBlobPut reports whether a request uploads a blob.
func isBlobPut(r *http.Request) bool {
	return (r.Method == http.MethodPatch || r.Method == http.MethodPut) && strings.Contains(r.URL.Path, "/blobs/uploads/")
}

func isManifestHead(r *http.Request) bool {
	return r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/manifests/")
}

func isManifestPut(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/")
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

// cut interrupts a response in the middle.
func cut(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000000")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// hangUp closes a connection before a response.
func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// recorder is an Observer that records all calls.
type recorder struct {
	mu       sync.Mutex
	started  int
	bytes    int64
	waits    []time.Duration
	reasons  []string
	finished []images.Result
}

func (r *recorder) Started(images.Copy) { r.mu.Lock(); defer r.mu.Unlock(); r.started++ }

func (r *recorder) Planned(int64) {}
func (r *recorder) Resolved()     {}
func (r *recorder) Saved(int64)   {}
func (r *recorder) Warned(string) {}

func (r *recorder) Transferred(_ images.Copy, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes += n
}

func (r *recorder) Waiting(_, reason string, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits, r.reasons = append(r.waits, d), append(r.reasons, reason)
}

func (r *recorder) Finished(res images.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finished = append(r.finished, res)
}

func TestTransientFaultsAreRetried(t *testing.T) {
	tests := []struct {
		name   string
		source func(http.ResponseWriter, *http.Request) bool
		target func(http.ResponseWriter, *http.Request) bool
		waits  int
	}{
		{"503 twice at the source", times(2, isManifestHead, status(http.StatusServiceUnavailable)), nil, 2},
		{"429 at the target", nil, times(1, isManifestHead, status(http.StatusTooManyRequests)), 1},
		{"500 for a blob", times(1, isBlobGet, status(http.StatusInternalServerError)), nil, 1},
		{"download cut", times(1, isBlobGet, cut), nil, 1},
		{"upload cut", nil, times(1, isBlobPut, hangUp), 1},
		{"502 for a manifest", nil, times(1, isManifestPut, status(http.StatusBadGateway)), 1},
		{"504 for /v2/", nil, times(1, func(r *http.Request) bool { return r.URL.Path == "/v2/" }, status(http.StatusGatewayTimeout)), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
			digest := from.Put(t, "app:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
			from.Fail(tt.source)
			to.Fail(tt.target)
			plan, rec := planOf(t, from, to, "app:v1"), &recorder{}
			report := open(t, login()).Copy(t.Context(), plan, transfer.Options{Observer: rec})
			wantAll(t, report, images.Copied)
			if got := report.Results[0].Attempts; got != tt.waits+1 || len(rec.waits) != tt.waits {
				t.Errorf("%d attempts, waits %v for %v; want %d waits", got, rec.waits, rec.reasons, tt.waits)
			}
			if rec.bytes != report.Bytes() || rec.started != 1 || len(rec.finished) != 1 {
				t.Errorf("observed %d bytes, %d started, %d finished; the report has %d bytes", rec.bytes, rec.started, len(rec.finished), report.Bytes())
			}
			from.Fail(nil)
			to.Fail(nil)
			wantContent(t, &to.Registry, plan.Copies[0].Target, digest)
		})
	}
}

func TestRetryAfterIsHonored(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	from.Fail(times(1, isManifestHead, func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	rec := &recorder{}
	start := time.Now()
	wantAll(t, open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1"), transfer.Options{Observer: rec}), images.Copied)
	if took := time.Since(start); took < 900*time.Millisecond {
		t.Errorf("it took %s, and was asked to wait for 1s", took)
	}
	if len(rec.waits) != 1 || rec.waits[0] < 900*time.Millisecond || !strings.Contains(rec.reasons[0], "429 too many requests") {
		t.Errorf("waits %v, reasons %v", rec.waits, rec.reasons)
	}
}

func TestPermanentFaultsAreNot(t *testing.T) {
	tests := []struct {
		name           string
		source, target func(http.ResponseWriter, *http.Request) bool
		want           images.Class
		text           string
	}{
		{"404", times(99, isManifestHead, status(http.StatusNotFound)), nil, images.ClassNotFound, "pulling {source}/app:v1: 404 not found"},
		{"403", times(99, isManifestHead, status(http.StatusForbidden)), nil, images.ClassAuth, "pulling {source}/app:v1: does not exist or is private (403 forbidden)"},
		{"403 at the target is not absence", nil, times(99, isManifestHead, status(http.StatusForbidden)), images.ClassAuth, "pushing {target}/mirror/app:v1: 403 forbidden"},
		{"400", nil, times(99, isManifestPut, status(http.StatusBadRequest)), images.ClassPolicy, "400 bad request"},
		{"404 for the project", nil, times(99, func(r *http.Request) bool { return r.Method == http.MethodPost }, status(http.StatusNotFound)), images.ClassPolicy, "404 not found"},
		{"not a registry", nil, times(99, func(r *http.Request) bool { return r.URL.Path == "/v2/" }, status(http.StatusNotFound)), images.ClassPolicy, "reaching {target}: 404 not found"},
		{"other content", times(99, isBlobGet, func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, 1<<20)) }), nil, images.ClassDigest, "pulling {source}/app:v1: blob sha256:"},
		{"source refuses blobs", times(99, isBlobGet, status(http.StatusUnauthorized)), nil, images.ClassAuth, "pulling {source}/app:v1: blob sha256:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
			from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
			from.Fail(tt.source)
			to.Fail(tt.target)
			rec := &recorder{}
			got := open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1"), transfer.Options{Observer: rec}).Results[0]
			text := strings.NewReplacer("{source}", from.Host, "{target}", to.Host).Replace(tt.text)
			if got.Outcome != images.Failed || got.Class != tt.want || !strings.Contains(got.Error, text) || got.Remedy == "" {
				t.Errorf("got %s, class %q, error %q, remedy %q", got.Outcome, got.Class, got.Error, got.Remedy)
			}
			if len(rec.waits) > 0 {
				t.Errorf("it was retried: %v", rec.reasons)
			}
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	from.Fail(times(99, isManifestHead, status(http.StatusServiceUnavailable)))
	got := open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1"), transfer.Options{}).Results[0]
	if got.Class != images.ClassNetwork || got.Attempts != 5 || len(from.Take()) != 5 {
		t.Errorf("got %+v, want 5 attempts and no more", got)
	}
}

func TestOneMissingImageDoesNotStopTheOthers(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "a:1", servertest.NewImage(t, types.OCIManifestSchema1))
	from.Put(t, "c:1", servertest.NewImage(t, types.OCIManifestSchema1))
	report := open(t, login()).Copy(t.Context(), planOf(t, from, to, "a:1", "b:1", "c:1"), transfer.Options{})
	if report.Count(images.Copied) != 2 || report.Results[1].Class != images.ClassNotFound {
		t.Errorf("got %+v", report)
	}
}

func TestCancelInTheMiddle(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "a:1", servertest.NewImage(t, types.OCIManifestSchema1))
	from.Put(t, "b:1", servertest.NewImage(t, types.OCIManifestSchema1))
	ctx, cancel := context.WithCancel(t.Context())
	from.Fail(func(_ http.ResponseWriter, r *http.Request) bool {
		if isBlobGet(r) {
			cancel()
			<-r.Context().Done() // the server never answers
		}
		return false
	})
	report := open(t, login()).Copy(ctx, planOf(t, from, to, "a:1", "b:1"), transfer.Options{Jobs: 1})
	wantAll(t, report, images.Skipped)
	if tags := servertest.WithPrefix(to.Take(), "PUT /v2/mirror/a/manifests"); len(tags) > 0 {
		t.Errorf("written: %v", tags)
	}
}

func TestNobodyThere(t *testing.T) {
	_, err := open(t, transfer.Config{}).Digest(t.Context(), images.Ref{Registry: "127.0.0.1:1", Repository: "app", Tag: "v1"})
	if failure.Classify(err) != images.ClassNetwork || failure.IsTransient(err) {
		t.Errorf("%q is %q, and transient: %t", err, failure.Classify(err), failure.IsTransient(err))
	}
}
