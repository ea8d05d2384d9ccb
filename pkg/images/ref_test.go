package images_test

import (
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

const digest = "sha256:426f98fdc8a2c7d7a879eb0da57131e6eec4d239881448f23946216fe801b614"

func ref(t *testing.T, s string) images.Ref {
	t.Helper()
	r, err := images.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestParseRef(t *testing.T) {
	for in, want := range map[string]string{
		"alpine":                               "docker.io/library/alpine:latest",
		"alpine:3.20":                          "docker.io/library/alpine:3.20",
		"index.docker.io/library/alpine:3":     "docker.io/library/alpine:3",
		"d3fk/s3cmd@" + digest:                 "docker.io/d3fk/s3cmd@" + digest,
		"quay.io/cilium/certgen:v1@" + digest:  "quay.io/cilium/certgen:v1@" + digest,
		"localhost:5000/a":                     "localhost:5000/a:latest",
		"reg.example.com:5000/a/b@" + digest:   "reg.example.com:5000/a/b@" + digest,
		" quay.io/kubermatic/addons:v2.31.0\n": "quay.io/kubermatic/addons:v2.31.0",
	} {
		if got := ref(t, in).String(); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestParseRefRefuses(t *testing.T) {
	for _, in := range []string{"", "  ", "UPPER", "a:b:c", "a@sha256:short", "a@md5:0", "a:", "https://quay.io/a:1", "quay.io/a b:1", "../a", "[2:1]:5/a:1", "l_r.io/a:1", "a:" + strings.Repeat("x", 129)} {
		if got, err := images.ParseRef(in); err == nil {
			t.Errorf("%q: got %s, want an error", in, got)
		} else if !strings.Contains(err.Error(), "image reference") {
			t.Errorf("%q: the error does not say what it is about: %v", in, err)
		}
	}
}

func TestMatches(t *testing.T) {
	r := ref(t, "quay.io/kubermatic/dashboard:v2.31.0")
	for _, pattern := range []string{"dashboard", "kubermatic/dashboard", "quay.io/kubermatic/dashboard", "dashboard:v2.31.0", "quay.io/kubermatic/dashboard:v2.31.0"} {
		if !r.Matches(pattern) {
			t.Errorf("%q should match", pattern)
		}
	}
	for _, pattern := range []string{"", "board", "dashboard:v2.30.0", "other/dashboard", "dashboard@" + digest, "quay.io"} {
		if r.Matches(pattern) {
			t.Errorf("%q should not match", pattern)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		r, err := images.ParseRef(s)
		if err != nil {
			return
		}
		again, err := images.ParseRef(r.String())
		if err != nil || again != r {
			t.Fatalf("%q: %v became %v (%v)", s, r, again, err)
		}
		if r.Tag == "" && r.Digest == "" {
			t.Fatalf("%q: neither tag nor digest", s)
		}
	})
}
