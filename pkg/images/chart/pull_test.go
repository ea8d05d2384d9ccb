package chart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// fakeRegistry has packed charts by reference.
type fakeRegistry struct {
	charts map[string][]byte
	asked  int
	err    error // of charts that it does not have; nil: errDown
}

var errDown = errors.New("down")

func (r *fakeRegistry) Chart(_ context.Context, ref images.Ref, _ Access) ([]byte, error) {
	r.asked++
	if data, ok := r.charts[ref.String()]; ok {
		return data, nil
	}
	if r.err != nil {
		return nil, r.err
	}
	return nil, errDown
}

func (r *fakeRegistry) Origin(ref images.Ref) images.Ref { return ref }

func (r *fakeRegistry) Reach(host string) Reach {
	if strings.HasPrefix(host, "127.0.0.1:") {
		return Local
	}
	return Verified
}

func (r *fakeRegistry) Unreachable(err error) bool { return errors.Is(err, errDown) }

func sub(t *testing.T, version string) []byte {
	return pack(t, map[string]string{
		"Chart.yaml":       "apiVersion: v2\nname: sub\nversion: " + version + "\n",
		"templates/a.yaml": pod("quay.io/a/sub:{{ .Chart.Version }}"),
	})
}

// httpRepository serves charts, and wants a password.
func httpRepository(t *testing.T) (*httptest.Server, *atomic.Int32) {
	var requests atomic.Int32
	packed := sub(t, "1.2.0")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/charts/index.yaml":
			fmt.Fprintf(w, `{entries: {sub: [{version: 1.0.0, urls: []}, {version: 1.1.0, urls: [old.tgz]}, {version: 1.2.0, urls: [sub.tgz], digest: %s},
				{version: 1.3.0, urls: [sub.tgz], digest: 00}, {version: 2.0.0, urls: ["file:///etc/passwd"]}]}}`, digestOf(packed))
		case "/charts/sub.tgz":
			_, _ = w.Write(packed)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server, &requests
}

func TestPull(t *testing.T) {
	server, requests := httpRepository(t)
	registry := &fakeRegistry{charts: map[string][]byte{"example.com/charts/sub:1.2.0_build": sub(t, "1.2.0+build")}}
	cacheDir := t.TempDir()
	access := Access{Username: "u", Password: "p"}
	for _, c := range []struct {
		source Source
		want   string // of the version, or in the error
	}{
		{Source{server.URL + "/charts", "sub", "1.2.0", access}, "1.2.0"},
		{Source{server.URL + "/charts/", "sub", "v1.2.0", access}, "1.2.0"},
		{Source{"oci://example.com/charts", "sub", "1.2.0+build", Access{}}, "1.2.0+build"},
		{Source{server.URL + "/charts", "sub", "~1.2", access}, "1.2.0"},
		{Source{server.URL + "/charts", "sub", "1.1.0", access}, "404"},
		{Source{server.URL + "/charts", "sub", "1.3.0", access}, ", but index.yaml has "},
		{Source{server.URL + "/charts", "sub", "2.0.0", access}, `"file" addresses`},
		{Source{server.URL + "/charts", "sub", "9.0.0", access}, "does not have this version of the chart"},
		{Source{strings.Replace(server.URL, "://", "://x:secret@", 1) + "/charts", "sub", "1.2.0", Access{}}, "401"},
		{Source{"file://../sub", "sub", "1.2.0", Access{}}, "a local directory"},
		{Source{"git+ssh://x", "sub", "1.2.0", Access{}}, "git+ssh"},
		{Source{"", "sub", "1.2.0", Access{}}, "cannot be pulled"},
	} {
		p := &Puller{Registry: registry, Client: server.Client(), CacheDir: cacheDir}
		got, err := p.Pull(t.Context(), c.source)
		switch {
		case err == nil && got.Version != c.want:
			t.Errorf("%v: version %s", c.source, got.Version)
		case err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%v: %v, want %s", c.source, err, c.want)
		}
	}
	before, asked := requests.Load(), registry.asked
	p := &Puller{Registry: registry, Client: server.Client(), CacheDir: cacheDir}
	for _, source := range []Source{{server.URL + "/charts", "sub", "1.2.0", access}, {"oci://example.com/charts", "sub", "1.2.0+build", Access{}}} {
		if _, err := p.Pull(t.Context(), source); err != nil {
			t.Error(err)
		}
	}
	if requests.Load() != before || registry.asked != asked {
		t.Error("a chart in the cache was asked for")
	}
}

func TestCacheIsVerified(t *testing.T) {
	c := cache{t.TempDir()}
	if err := c.put("key", []byte("content")); err != nil {
		t.Fatal(err)
	}
	if got := c.get("key"); string(got) != "content" || c.get("other") != nil {
		t.Error(got)
	}
	blobs, err := filepath.Glob(filepath.Join(c.dir, "blobs", "*"))
	if err != nil || len(blobs) != 1 {
		t.Fatal(blobs, err)
	}
	if err := os.WriteFile(blobs[0], []byte("tampered with"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.get("key"); got != nil {
		t.Errorf("%s", got)
	}
	if err := os.WriteFile(c.ref("key"), []byte("../../../etc/passwd"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.get("key"); got != nil {
		t.Errorf("%s", got)
	}
}

func TestAHostThatIsDownIsAskedOnce(t *testing.T) {
	registry := &fakeRegistry{}
	p := &Puller{Registry: registry, Client: http.DefaultClient}
	for _, name := range []string{"a", "b", "c"} {
		if _, err := p.Pull(t.Context(), Source{"oci://example.com/charts", name, "1.0.0", Access{}}); !errors.Is(err, errDown) || !strings.Contains(err.Error(), "chart "+name) {
			t.Error(err)
		}
	}
	if registry.asked != 1 {
		t.Error(registry.asked)
	}
}

// namingRegistry is down, and its errors name the chart.
type namingRegistry struct{ fakeRegistry }

func (r *namingRegistry) Chart(ctx context.Context, ref images.Ref, access Access) ([]byte, error) {
	_, err := r.fakeRegistry.Chart(ctx, ref, access)
	return nil, fmt.Errorf("pulling %s: %w", ref, err)
}

// sessionError is an error that all requests to a host have in common.
type sessionError struct{ error }

func (e sessionError) Unwrap() error { return e.error }

func (sessionError) Cause() string { return "logging in to example.com: 401" }

func TestAnErrorNamesNoOtherChart(t *testing.T) {
	server, _ := httpRepository(t)
	server.Close()
	for name, c := range map[string]struct {
		err  error
		url  string
		want string // in the second error
	}{
		"registry":   {errDown, "oci://example.com/charts", "before"},
		"session":    {sessionError{errDown}, "oci://example.com/charts", "before: logging in to example.com: 401"},
		"repository": {nil, server.URL, "before: dial tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Puller{Registry: &namingRegistry{fakeRegistry{err: c.err}}, Client: server.Client()}
			_, _ = p.Pull(t.Context(), Source{c.url + "/one", "one", "1.0.0", Access{}})
			_, err := p.Pull(t.Context(), Source{c.url + "/two", "two", "1.0.0", Access{}})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "one") {
				t.Error(err)
			}
		})
	}
}

func TestCompleted(t *testing.T) {
	server, _ := httpRepository(t)
	registry := &fakeRegistry{charts: map[string][]byte{"example.com/charts/sub:1.2.0": sub(t, "1.2.0")}}
	texts := small(pod("quay.io/a/own:1"))
	texts["Chart.yaml"] += `
dependencies:
- {name: sub, version: ~1.2, repository: oci://example.com/charts, alias: first}
- {name: sub, version: ~1.2, repository: oci://example.com/charts, alias: second, condition: second.enabled}
- {name: gone, version: 1.0.0, repository: oci://example.com/charts, condition: gone.enabled}
`
	texts["Chart.lock"] = "dependencies:\n- {name: sub, version: 1.2.0, repository: oci://example.com/charts/}\n"
	c := chartOf(t, texts)
	p := &Puller{Registry: registry, Client: server.Client()}
	off := values(t, "gone: {enabled: false}")
	whole, err := new(Renderer).Completed(t.Context(), p, c, off)
	if err != nil {
		t.Fatal(err)
	}
	result, err := new(Renderer).Render(t.Context(), whole, off, false, ReleaseOptions{})
	if diff := cmp.Diff([]string{"quay.io/a/own:1", "quay.io/a/sub:1.2.0"}, references(result.Hits)); diff != "" || err != nil {
		t.Error(err, diff)
	}
	part, err := new(Renderer).Completed(t.Context(), p, c, nil)
	if err == nil || !strings.Contains(err.Error(), "chart gone 1.0.0 of oci://example.com/charts: down") {
		t.Error(err)
	}
	result, _ = new(Renderer).Render(t.Context(), part, nil, false, ReleaseOptions{})
	if diff := cmp.Diff([]string{"quay.io/a/own:1", "quay.io/a/sub:1.2.0"}, references(result.Hits)); diff != "" {
		t.Error(diff)
	}
}
