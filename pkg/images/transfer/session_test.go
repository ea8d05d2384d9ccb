package transfer

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func TestOneTokenForEachRepository(t *testing.T) {
	from, to := newServer(t, plain), newServer(t, token)
	for _, ref := range []string{"a:1", "a:2", "b:1"} {
		from.put(t, ref, newIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	}
	r := open(t, login(from, to))
	tokens, pinged := &atomic.Int32{}, &atomic.Int32{}
	r.transport = &pings{plain: r.mayBePlain, inner: roundTripper(func(req *http.Request) (*http.Response, error) {
		switch {
		case req.URL.Path == "/token":
			tokens.Add(1)
		case req.URL.Path == "/v2/" && req.URL.Scheme == "http":
			pinged.Add(1)
		}
		return r.base.RoundTrip(req)
	})}
	wantAll(t, r.Copy(t.Context(), planOf(t, from, to, "a:1", "a:2", "b:1"), Options{}), images.Copied)
	if tokens.Load() != 2 || pinged.Load() != 2 {
		t.Errorf("%d tokens for two repositories, %d pings for two hosts", tokens.Load(), pinged.Load())
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestCredentialsStayWithTheirHost(t *testing.T) {
	from, to := newServer(t, basic), newServer(t, plain)
	from.put(t, "app:v1", newImage(t, types.OCIManifestSchema1))
	var leaked, served atomic.Int32
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if r.Header.Get("Authorization") != "" {
			leaked.Add(1)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(storage.Close)
	from.fail(func(w http.ResponseWriter, r *http.Request) bool {
		if isBlobGet(r) {
			http.Redirect(w, r, storage.URL+r.URL.Path+"?signature=s3cret", http.StatusTemporaryRedirect)
		}
		return isBlobGet(r)
	})
	got := open(t, login(from)).Copy(t.Context(), planOf(t, from, to, "app:v1"), Options{}).Results[0]
	if served.Load() == 0 || leaked.Load() > 0 {
		t.Errorf("%d of %d requests to another host had credentials", leaked.Load(), served.Load())
	}
	if got.Class != images.ClassNotFound || strings.Contains(got.Error, "s3cret") {
		t.Errorf("got %q: %s", got.Class, got.Error)
	}
}

func TestForeignLayersStayWhereTheyAre(t *testing.T) {
	refs := references{}
	for _, mt := range []types.MediaType{types.OCILayer, types.DockerForeignLayer, types.OCIRestrictedLayer, "application/x-anything"} {
		refs.Layers = append(refs.Layers, descriptor(mt))
	}
	var kept []types.MediaType
	for _, d := range refs.blobs() {
		kept = append(kept, d.MediaType)
	}
	if want := []types.MediaType{types.OCILayer, "application/x-anything"}; !slices.Equal(kept, want) {
		t.Errorf("got %v, want %v", kept, want)
	}
}

func TestMediaTypeOfManifests(t *testing.T) {
	tests := []struct {
		raw, header string
		want        types.MediaType
	}{
		{`{}`, string(types.DockerManifestList), types.DockerManifestList},
		{`{"manifests":[]}`, "application/json; charset=utf-8", types.OCIImageIndex},
		{`{"layers":[]}`, "text/plain", types.OCIManifestSchema1},
		{`{"mediaType":"` + string(types.DockerManifestSchema2) + `"}`, "", types.DockerManifestSchema2},
		{`not JSON`, "text/html", "text/html"},
	}
	for _, tt := range tests {
		if got := mediaType([]byte(tt.raw), tt.header); got != tt.want {
			t.Errorf("%s as %s: got %s, want %s", tt.raw, tt.header, got, tt.want)
		}
	}
}

func TestOwnRealm(t *testing.T) {
	challenge := func(realm string) string { return `Bearer realm="` + realm + `",service="s"` }
	tests := []struct {
		registry, scheme, realm string
		want                    string // the realm that go-containerregistry gets to see
	}{
		{"10.0.0.1:5050", "https", "https://10.0.0.1/jwt/auth?a=b", "https://10.0.0.1:5050/kkp-mirror/token?a=b"},
		{"127.0.0.1:5000", "http", "http://127.0.0.1:5001/token", "http://127.0.0.1:5000/kkp-mirror/token"},
		{"10.0.0.1:5050", "https", "http://10.0.0.1/auth", "http://10.0.0.1/auth"},
		{"10.0.0.1", "https", "https://10.0.0.1/auth", "https://10.0.0.1/auth"},
		{"10.0.0.1", "https", "https://169.254.169.254/x", "https://169.254.169.254/x"},
		{"10.0.0.1", "https", "https://auth.example.com/x", "https://auth.example.com/x"},
		{"quay.example.com", "https", "https://10.0.0.1/x", "https://10.0.0.1/x"},
	}
	for _, tt := range tests {
		realm, got := ownRealm(tt.registry, tt.scheme, challenge(tt.realm))
		if got != challenge(tt.want) || (realm != nil) != (tt.realm != tt.want) || (realm != nil && realm.String() != tt.realm) {
			t.Errorf("%s at %s: got %s and %v", tt.realm, tt.registry, got, realm)
		}
	}
}
