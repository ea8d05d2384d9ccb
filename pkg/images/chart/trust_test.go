package chart_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
)

// packed is a packed chart, whose description tells where it comes from.
func packed(t testing.TB, version string) []byte {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	archive := tar.NewWriter(zipped)
	text := "apiVersion: v2\nname: web\nversion: " + version + "\n"
	if err := archive.WriteHeader(&tar.Header{Name: "web/Chart.yaml", Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// registry gives a chart to those who know the password, if it wants one.
type registry struct {
	data     []byte
	password string
	asked    int
	reach    map[string]chart.Reach
	through  string // where references are read
}

func (r *registry) Chart(_ context.Context, _ images.Ref, access chart.Access) ([]byte, error) {
	r.asked++
	if access.Password != r.password {
		return nil, fmt.Errorf("401")
	}
	return r.data, nil
}

func (r *registry) Origin(ref images.Ref) images.Ref {
	if r.through != "" {
		ref.Registry = r.through
	}
	return ref
}
func (r *registry) Unreachable(error) bool        { return false }
func (r *registry) Reach(host string) chart.Reach { return r.reach[host] }

// TestOnlyTheVerifiedIsCached wants what somebody in between may have made not to be there
// in the next run, which trusts nobody in between.
func TestOnlyTheVerifiedIsCached(t *testing.T) {
	for name, test := range map[string]struct {
		registry registry
		access   chart.Access
		cached   bool
	}{
		"verified":               {registry{}, chart.Access{}, true},
		"any TLS":                {registry{}, chart.Access{Insecure: true}, false},
		"plain HTTP":             {registry{}, chart.Access{PlainHTTP: true}, false},
		"unverified by the user": {registry{reach: map[string]chart.Reach{"charts.example.com": chart.Unverified}}, chart.Access{}, false},
		"this machine":           {registry{reach: map[string]chart.Reach{"charts.example.com": chart.Local}}, chart.Access{PlainHTTP: true}, true},
		"through another":        {registry{through: "cache.example.com"}, chart.Access{Insecure: true}, true},
		"through an unverified":  {registry{through: "cache.example.com", reach: map[string]chart.Reach{"cache.example.com": chart.Unverified}}, chart.Access{}, false},
	} {
		dir := t.TempDir()
		source := chart.Source{URL: "oci://charts.example.com/charts", Name: "web", Version: "1.0.0"}
		first := test.registry
		first.data = packed(t, "6.6.6")
		unsafe := source
		unsafe.Access = test.access
		if _, err := (&chart.Puller{Registry: &first, CacheDir: dir}).Pull(t.Context(), unsafe); err != nil {
			t.Fatal(name, err)
		}
		second := test.registry
		second.data, second.reach = packed(t, "1.0.0"), nil
		c, err := (&chart.Puller{Registry: &second, CacheDir: dir}).Pull(t.Context(), source)
		if err != nil {
			t.Fatal(name, err)
		}
		if cached := c.Version == "6.6.6"; cached != test.cached {
			t.Errorf("%s: cached %t, want %t", name, cached, test.cached)
		}
	}
}

// TestAccessTellsChartsApart wants a chart that one has the password for not to be given to
// another who has none.
func TestAccessTellsChartsApart(t *testing.T) {
	r := &registry{data: packed(t, "1.0.0"), password: "p"}
	p := &chart.Puller{Registry: r}
	source := chart.Source{URL: "oci://charts.example.com/charts", Name: "web", Version: "1.0.0"}
	allowed := source
	allowed.Access = chart.Access{Username: "u", Password: "p"}
	for range 2 {
		if _, err := p.Pull(t.Context(), allowed); err != nil {
			t.Error(err)
		}
		if _, err := p.Pull(t.Context(), source); err == nil {
			t.Error("the chart was given without a password")
		}
	}
	if r.asked != 2 {
		t.Errorf("the registry was asked %d times", r.asked)
	}
}

// TestLoginIsNotSentInTheOpen wants passwords for an HTTP repository to be sent over plain HTTP
// only if the user says so.
func TestLoginIsNotSentInTheOpen(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got = append(got, user+":"+password)
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address)}}
	source := chart.Source{URL: "http://charts.example.com", Name: "web", Version: "1.0.0", Access: chart.Access{Username: "u", Password: "p"}}
	for reach, want := range map[chart.Reach]string{
		chart.Verified:   "401 Unauthorized; the credentials of the repository were not sent over plain HTTP; if you trust the connection, pass --plain-http charts.example.com",
		chart.Unverified: "404", chart.Local: "404",
	} {
		got = nil
		p := &chart.Puller{Registry: &registry{reach: map[string]chart.Reach{"charts.example.com": reach}}, Client: client}
		_, err := p.Pull(t.Context(), source)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if (len(got) > 0) != (reach != chart.Verified) {
			t.Errorf("reach %d: sent %q", reach, got)
		}
	}
}

// TestHTTPChartsAreCachedIfVerified wants a chart over plain HTTP to be cached only if what came
// over TLS says which one it is.
func TestHTTPChartsAreCachedIfVerified(t *testing.T) {
	data := packed(t, "1.0.0")
	handler := http.NewServeMux()
	handler.HandleFunc("/web.tgz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	index := func(url string) func(w http.ResponseWriter, _ *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "entries:\n  web:\n  - version: 1.0.0\n    urls: [%q]\n", url)
		}
	}
	handler.HandleFunc("/own/index.yaml", index("../web.tgz"))
	handler.HandleFunc("/plain/index.yaml", index(plain.URL+"/web.tgz"))
	for repository, want := range map[string]bool{secure.URL + "/own": true, secure.URL + "/plain": false, plain.URL + "/own": false} {
		dir := t.TempDir()
		source := chart.Source{URL: repository, Name: "web", Version: "1.0.0"}
		if _, err := (&chart.Puller{Registry: &registry{}, Client: secure.Client(), CacheDir: dir}).Pull(t.Context(), source); err != nil {
			t.Fatal(err)
		}
		nowhere := &http.Client{Transport: http.NewFileTransport(http.Dir(t.TempDir()))}
		_, err := (&chart.Puller{Registry: &registry{}, Client: nowhere, CacheDir: dir}).Pull(t.Context(), source)
		if cached := err == nil; cached != want {
			t.Errorf("%s: cached %t, want %t", repository, cached, want)
		}
	}
}
