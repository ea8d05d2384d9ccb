package fetch_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// chartRegistry returns a registry with a password that has a chart, charts/web:1.0.0, and
// an image, charts/image:1.
func chartRegistry(t *testing.T) (host string) {
	inner := ggcr.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	host = strings.TrimPrefix(server.URL, "http://")
	chart, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), static.NewLayer([]byte("packed"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip"))
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	auth := remote.WithAuth(&authn.Basic{Username: "u", Password: "p"})
	for at, content := range map[string]v1.Image{"/charts/web:1.0.0": chart, "/charts/image:1": image} {
		ref, err := name.ParseReference(host + at)
		if err == nil {
			err = remote.Write(ref, content, auth)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return host
}

func TestChart(t *testing.T) {
	host := chartRegistry(t)
	config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}, "credsStore": "no-such-program"}`, host, base64.StdEncoding.EncodeToString([]byte("u:p")))
	elsewhere := strings.Replace(config, host, "example.com", 1)
	for what, c := range map[string]struct {
		ref    string
		access registry.Access
		want   string // the chart, or a part of the error
	}{
		"password":      {"/charts/web:1.0.0", registry.Access{Username: "u", Password: "p"}, "packed"},
		"configuration": {"/charts/web:1.0.0", registry.Access{Config: []byte(config)}, "packed"},
		"nothing":       {"/charts/web:1.0.0", registry.Access{}, "401"},
		"of another":    {"/charts/web:1.0.0", registry.Access{Config: []byte(elsewhere)}, "401"},
		"broken":        {"/charts/web:1.0.0", registry.Access{Config: []byte("{")}, "registry configuration"},
		"an image":      {"/charts/image:1", registry.Access{Username: "u", Password: "p"}, "not a Helm chart"},
		"not there":     {"/charts/web:2.0.0", registry.Access{Username: "u", Password: "p"}, "404"},
	} {
		ref, err := images.ParseRef(host + c.ref)
		if err != nil {
			t.Fatal(err)
		}
		data, err := fetch.NewReader(registry.New(registry.Config{})).Chart(t.Context(), ref, c.access)
		if err == nil && string(data) != c.want {
			t.Errorf("%s: %q", what, data)
		}
		if err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", what, err, c.want)
		}
	}
}

// TestChartCredentialsStayHome checks that credentials for a host are not sent to a
// registry that replaces the host in the registry map.
func TestChartCredentialsStayHome(t *testing.T) {
	host := chartRegistry(t)
	reg := registry.New(registry.Config{Rewrite: []rewrite.Rule{{Host: "example.com", Registry: host}}})
	ref := images.Ref{Registry: "example.com", Repository: "charts/web", Tag: "1.0.0"}
	if _, err := fetch.NewReader(reg).Chart(t.Context(), ref, registry.Access{Username: "u", Password: "p"}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v: the password was sent to another host", err)
	}
}

// TestChartsAreFoundWhereTheyMoved pulls a chart that is gone, with credentials for its
// original repository only.
func TestChartsAreFoundWhereTheyMoved(t *testing.T) {
	var withCredentials atomic.Int32 // requests with an Authorization header
	inner := ggcr.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			withCredentials.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	to := images.Ref{Registry: strings.TrimPrefix(server.URL, "http://"), Repository: "moved/web", Tag: "1.0.0"}
	chart, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), static.NewLayer([]byte("packed"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip"))
	if err != nil {
		t.Fatal(err)
	}
	push(t, to.String(), func(ref name.Reference) error { return remote.Write(ref, chart) })

	gone := images.Ref{Registry: chartRegistry(t), Repository: "charts/gone", Tag: "1.0.0"}
	r := registry.New(registry.Config{Moves: func(images.Ref) []images.Move { return []images.Move{{To: to, Fact: "example/project#1"}} }})
	t.Cleanup(r.Close)
	got, err := fetch.NewReader(r).Chart(t.Context(), gone, registry.Access{Username: "u", Password: "p"})
	if err != nil || string(got) != "packed" {
		t.Errorf("%q, %v", got, err)
	}
	if n := withCredentials.Load(); n != 0 {
		t.Errorf("requests to the new registry with credentials of the old one: %d", n)
	}
	if _, err := fetch.NewReader(r).Chart(t.Context(), gone, registry.Access{Username: "u", Password: "wrong"}); err == nil {
		t.Error("somebody who may not see it was shown another one")
	}
}
