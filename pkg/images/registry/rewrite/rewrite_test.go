package rewrite

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func TestParseMapping(t *testing.T) {
	tests := []struct {
		in   string
		want Rule
		err  string // a part of the error
	}{
		{in: "quay.io=cache.example.com", want: Rule{"quay.io", "cache.example.com", ""}},
		{in: "docker.io=127.0.0.1:5000/hub/", want: Rule{"docker.io", "127.0.0.1:5000", "hub"}},
		{in: "index.docker.io=localhost/a/b", want: Rule{"docker.io", "localhost", "a/b"}},
		{in: "*=cache.example.com/{host}", want: Rule{"*", "cache.example.com", "{host}"}},
		{in: "*=cache.example.com/proxy/{host}/x", want: Rule{"*", "cache.example.com", "proxy/{host}/x"}},
		{in: "quay.io", err: "such as docker.io="},
		{in: "=cache.example.com", err: "expected HOST=REGISTRY[/PREFIX]"},
		{in: "quay.io=", err: "expected HOST=REGISTRY[/PREFIX]"},
		{in: "quay.io/a=cache.example.com", err: `"quay.io/a" is not a host`},
		{in: "quay=cache.example.com", err: `"quay" is not a host`},
		{in: "quay.io=https://cache.example.com", err: "write quay.io=cache.example.com"},
		{in: "quay.io=cache", err: `"cache" is not a registry`},
		{in: "quay.io=cache.example.com/{host}", err: "write quay.io"},
		{in: "quay.io=cache.example.com/Upper", err: `"Upper" is not a repository path`},
		{in: "quay.io=cache.example.com/a:tag", err: "without a tag"},
		{in: "quay.io=cache.example.com//a", err: "is not a repository path"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.in)
		switch {
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%s: got %+v, %v; want %+v", tt.in, got, err, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: got %+v, %v; want an error with %q", tt.in, got, err, tt.err)
		}
	}
}

func TestMapped(t *testing.T) {
	mappings := []Rule{
		{Host: "*", Registry: "any.example.com", Prefix: "{host}"},
		{Host: "quay.io", Registry: "quay.example.com"},
		{Host: "quay.io", Registry: "never.example.com"},
	}
	for in, want := range map[string]string{
		"alpine":             "any.example.com/docker.io/library/alpine:latest",
		"quay.io/a/b:1":      "quay.example.com/a/b:1",
		"ghcr.io/a/b:1":      "any.example.com/ghcr.io/a/b:1",
		"registry.k8s.io/p:": "",
	} {
		ref, err := images.ParseRef(in)
		if err != nil {
			continue
		}
		if got, ok := Apply(mappings, ref); !ok || got.String() != want {
			t.Errorf("%s: got %s, %t; want %s", in, got, ok, want)
		}
	}
	if _, ok := Apply(nil, images.Ref{Registry: "quay.io"}); ok {
		t.Error("mapped without mappings")
	}
}

func FuzzParseMapping(f *testing.F) {
	for _, seed := range []string{"quay.io=cache.example.com", "*=localhost:5000/{host}/x", "index.docker.io=[::1]:5000/a", "a=b=c/d", "quay.io=x.y/@", "*=a.b/{host}:{host}", "quay.io=[2:1]:5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(m.String())
		if err != nil || again != m {
			t.Errorf("%q: %+v is written as %q, which is %+v, %v", s, m, m, again, err)
		}
		at := m.ref(images.Ref{Registry: "ghcr.io", Repository: "a/b", Tag: "1"})
		if _, err := name.NewRepository(at.Name()); err != nil {
			t.Errorf("%q gives %s: %v", s, at, err)
		}
	})
}
