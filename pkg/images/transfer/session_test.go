package transfer_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

func TestOneTokenForEachRepository(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Token)
	for _, ref := range []string{"a:1", "a:2", "b:1"} {
		from.Put(t, ref, servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	}
	r := open(t, login(from, to))
	wantAll(t, r.Copy(t.Context(), planOf(t, from, to, "a:1", "a:2", "b:1"), transfer.Options{}), images.Copied)
	tokens, pings := to.Asked("GET /token"), to.Asked("GET /v2/")
	if tokens != 2 || pings != 1 {
		t.Errorf("%d tokens for two repositories, %d pings of one host", tokens, pings)
	}
}

func TestCredentialsStayWithTheirHost(t *testing.T) {
	from, to := servertest.New(t, servertest.Basic), servertest.New(t, servertest.Plain)
	from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	var leaked, served atomic.Int32
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if r.Header.Get("Authorization") != "" {
			leaked.Add(1)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(storage.Close)
	from.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if isBlobGet(r) {
			http.Redirect(w, r, storage.URL+r.URL.Path+"?signature=s3cret", http.StatusTemporaryRedirect)
		}
		return isBlobGet(r)
	})
	got := open(t, login(from)).Copy(t.Context(), planOf(t, from, to, "app:v1"), transfer.Options{}).Results[0]
	if served.Load() == 0 || leaked.Load() > 0 {
		t.Errorf("%d of %d requests to another host had credentials", leaked.Load(), served.Load())
	}
	if got.Class != images.ClassNotFound || strings.Contains(got.Error, "s3cret") {
		t.Errorf("got %q: %s", got.Class, got.Error)
	}
}
