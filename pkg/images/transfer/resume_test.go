package transfer_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// large is one image whose layers are streamed.
func large() registrytest.Fleet { return registrytest.Fleet{Repositories: 1, OwnSize: 9 << 20} }

// cutAfter interrupts downloads of large blobs after a number of bytes, a number of times.
func cutAfter(bytes int64, times int32, next http.Handler) (http.Handler, *atomic.Int32) {
	var cuts atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isBlobGet(r) && cuts.Load() < times {
			w = &shortWriter{ResponseWriter: w, left: bytes, cut: func() bool { return cuts.Add(1) <= times }}
		}
		next.ServeHTTP(w, r)
	}), &cuts
}

// shortWriter interrupts the connection after a number of bytes.
type shortWriter struct {
	http.ResponseWriter
	left int64
	cut  func() bool // reports whether to interrupt
}

func (w *shortWriter) Write(p []byte) (int, error) {
	if int64(len(p)) < w.left || w.left < 0 {
		w.left -= int64(len(p))
		return w.ResponseWriter.Write(p)
	}
	if !w.cut() {
		w.left = -1
		return w.ResponseWriter.Write(p)
	}
	_, _ = w.ResponseWriter.Write(p[:w.left])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func TestDownloadsResume(t *testing.T) {
	refuse := func(status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			w.WriteHeader(status)
			return true
		}
	}
	tests := []struct {
		name  string
		opts  registrytest.Options
		fault func(http.ResponseWriter, *http.Request) bool
		extra int64 // bytes that are sent again after each interruption
	}{
		{"with ranges", registrytest.Options{}, nil, 0},
		{"200 instead of 206", registrytest.Options{NoRanges: true}, nil, 3 << 20},
		{"400 for a range", registrytest.Options{}, refuse(http.StatusBadRequest), 3 << 20},
		{"416 for a range", registrytest.Options{}, refuse(http.StatusRequestedRangeNotSatisfiable), 3 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newStrict(t, tt.opts), newStrict(t, registrytest.Options{})
			cutting, cuts := cutAfter(3<<20, 2, from.Registry)
			srv := httptest.NewServer(from.server.Watch(cutting))
			t.Cleanup(srv.Close)
			from.server.Host = strings.TrimPrefix(srv.URL, "http://")
			from.server.Fail(tt.fault)
			plan, rec := fleet(t, large(), from, to), &recorder{}
			report := open(t, login()).Copy(t.Context(), plan, transfer.Options{Jobs: 1, Observer: rec})
			wantAll(t, report, images.Copied)
			wantCopies(t, plan, from, to)
			stats := to.Take()
			if want := int64(18 << 20); stats.BytesIn-want > 4096 || cuts.Load() < 2 || len(rec.waits) != 2 {
				t.Errorf("%d bytes were uploaded for %d, %d cuts, waits %v", stats.BytesIn, want, cuts.Load(), rec.reasons)
			}
		})
	}
}

func TestExpiredRedirect(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	cutting, cuts := cutAfter(3<<20, 2, from.Registry)
	var tickets atomic.Int64
	var good sync.Map
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := good.LoadAndDelete(r.URL.Query().Get("ticket")); !ok {
			w.WriteHeader(http.StatusForbidden) // each signed URL is valid for one request
			return
		}
		cutting.ServeHTTP(w, r)
	}))
	t.Cleanup(cdn.Close)
	from.server.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if !isBlobGet(r) {
			return false
		}
		ticket := tickets.Add(1)
		if ticket%3 != 0 {
			good.Store(fmt.Sprint(ticket), true) // every third one expires before its use
		}
		http.Redirect(w, r, fmt.Sprintf("%s%s?ticket=%d", cdn.URL, r.URL.Path, ticket), http.StatusTemporaryRedirect)
		return true
	})
	plan := fleet(t, large(), from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{Jobs: 1}), images.Copied)
	wantCopies(t, plan, from, to)
	if cuts.Load() < 2 || tickets.Load() < 5 {
		t.Errorf("%d cuts, %d redirects", cuts.Load(), tickets.Load())
	}
}

// breakUploads interrupts the streamed upload of a blob after a number of bytes, a number
// of times.
func breakUploads(bytes int64, times int32, next http.Handler) http.Handler {
	var count atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && count.Add(1) <= times {
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, bytes), failing{}))
			next.ServeHTTP(w, r)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestUploadsResume(t *testing.T) {
	tests := []struct {
		name string
		opts registrytest.Options
		sent int64 // maximum number of bytes
	}{
		{"by status", registrytest.Options{}, 18<<20 + 4096},
		{"from the beginning", registrytest.Options{NoStatus: true}, 18<<20 + 2*5<<20 + 4096},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, tt.opts)
			srv := httptest.NewServer(to.server.Watch(breakUploads(5<<20, 2, to.Registry)))
			t.Cleanup(srv.Close)
			to.server.Host = strings.TrimPrefix(srv.URL, "http://")
			plan := fleet(t, large(), from, to)
			wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
			wantCopies(t, plan, from, to)
			if got := to.Take().BytesIn; got > tt.sent {
				t.Errorf("%d bytes arrived, want at most %d", got, tt.sent)
			}
		})
	}
}

func TestALostUploadIsBegunAnew(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	to.server.Fail(times(1, isBlobPut, status(http.StatusNotFound)))
	plan := fleet(t, small(1), from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	wantCopies(t, plan, from, to)
}

func TestARegistryThatWantsFewerRequests(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	var refs []string
	for i := range 20 {
		refs = append(refs, fmt.Sprintf("app%d:1", i))
		from.Put(t, refs[i], servertest.NewImage(t, types.OCIManifestSchema1))
	}
	var busy, refusals atomic.Int32
	handler := from.Limited(3, &busy, &refusals)
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	from.Host = strings.TrimPrefix(srv.URL, "http://")
	cfg := login()
	cfg.Retry = retry.Policy{Attempts: 20, First: 5 * time.Millisecond, Longest: time.Second}
	r := open(t, cfg)
	wantAll(t, r.Copy(t.Context(), planOf(t, from, to, refs...), transfer.Options{}), images.Copied)
	if refusals.Load() == 0 {
		t.Error("it never had too many requests")
	}
	t.Log(refusals.Load(), "refusals")
}
