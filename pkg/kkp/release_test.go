package kkp_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

const releaseJSON = `{"name": "cert-manager", "namespace": "cert-manager", "version": 3, "info": {"status": "deployed"},
 "chart": {"metadata": {"name": "cert-manager", "version": "v1.20.3"}, "values": {"a": 1}}, "config": {"b": 2},
 "manifest": "kind: Deployment", "hooks": [{"manifest": "kind: Job"}]}`

// encoded is a release as Helm puts it into a Secret.
func encoded(t testing.TB, text string) []byte {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(base64.StdEncoding.EncodeToString(zipped.Bytes()))
}

func TestDecodeRelease(t *testing.T) {
	for _, data := range [][]byte{encoded(t, releaseJSON), []byte(base64.StdEncoding.EncodeToString([]byte(releaseJSON)))} {
		got, _, err := kkp.DecodeRelease(data)
		if err != nil {
			t.Fatal(err)
		}
		got.Chart = nil
		want := kkp.HelmRelease{
			Name: "cert-manager", Namespace: "cert-manager", Revision: 3, ChartName: "cert-manager", ChartVersion: "v1.20.3",
			Config: map[string]any{"b": 2.0}, Manifest: "kind: Deployment", Hooks: []string{"kind: Job"},
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(kkp.HelmRelease{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDecodeBadReleases(t *testing.T) {
	replaced := func(old, text string) []byte { return encoded(t, strings.Replace(releaseJSON, old, text, 1)) }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":     {nil, "not a Helm release"},
		"no base64": {[]byte("!"), "illegal base64"},
		"cut off":   {[]byte(base64.StdEncoding.EncodeToString([]byte{0x1f, 0x8b, 8})), "unexpected EOF"},
		"no JSON":   {encoded(t, "{"), "unexpected end of JSON"},
		"no chart":  {encoded(t, `{"name": "x"}`), "its chart"},
		"no name":   {encoded(t, `{"chart": {"metadata": {"name": "x"}}}`), "the name or the chart is missing"},
		"a bomb":    {encoded(t, strings.Repeat(" ", 32<<20+1)), "larger than 32 MiB"},
		"deep":      {encoded(t, strings.Repeat("[", 1<<20)), "exceeded max depth"},

		"a name of two lines":     {replaced(`"name": "cert-manager"`, `"name": "a\nb: c"`), `its name "a\nb: c"`},
		"a name for the shell":    {replaced(`"name": "cert-manager"`, `"name": "a;id"`), `its name "a;id"`},
		"a way out of namespaces": {replaced(`"namespace": "cert-manager"`, `"namespace": "../../etc"`), `its namespace "../../etc"`},
		"a namespace with dots":   {replaced(`"namespace": "cert-manager"`, `"namespace": "a.b"`), `its namespace "a.b"`},
		"no revision":             {replaced(`"version": 3`, `"version": 0`), "its revision is 0"},
		"a chart of two lines":    {replaced(`"v1.20.3"`, `"v1\nb: c"`), `its chart has the name or version "v1\nb: c"`},
		"a chart with a sequence": {replaced(`{"metadata": {"name": "cert-manager"`, `{"metadata": {"name": "a\u001b[2J"`), `its chart has the name or version`},
	} {
		if _, _, err := kkp.DecodeRelease(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// FuzzDecodeRelease feeds the decoder with what a Secret holds, with what is in the base64, and with what
// is in the gzip.
func FuzzDecodeRelease(f *testing.F) {
	f.Add([]byte(releaseJSON))
	f.Add(encoded(f, releaseJSON))
	f.Add(encoded(f, strings.Repeat(" ", 1<<20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, input := range [][]byte{data, []byte(base64.StdEncoding.EncodeToString(data)), encoded(t, string(data))} {
			release, _, err := kkp.DecodeRelease(input)
			if err == nil && (strings.ContainsAny(release.Namespace+release.Name, "/\n;$`'\" ") || release.Name == "" || release.Revision < 1) {
				t.Errorf("%q was accepted as %q, revision %d", data, release.ID(), release.Revision)
			}
		}
	})
}
