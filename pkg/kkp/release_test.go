package kkp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
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
		got, err := DecodeRelease(data)
		if err != nil {
			t.Fatal(err)
		}
		got.Chart = nil
		want := Release{
			Name: "cert-manager", Namespace: "cert-manager", Revision: 3, ChartName: "cert-manager", ChartVersion: "v1.20.3",
			Config: map[string]any{"b": 2.0}, Manifest: "kind: Deployment", Hooks: []string{"kind: Job"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDecodeBadReleases(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":     {nil, "not a Helm release"},
		"no base64": {[]byte("!"), "illegal base64"},
		"cut off":   {[]byte(base64.StdEncoding.EncodeToString([]byte{0x1f, 0x8b, 8})), "unexpected EOF"},
		"no JSON":   {encoded(t, "{"), "unexpected end of JSON"},
		"no chart":  {encoded(t, `{"name": "x"}`), "its chart"},
		"no name":   {encoded(t, `{"chart": {"metadata": {"name": "x"}}}`), "no name"},
		"a bomb":    {encoded(t, strings.Repeat(" ", maxReleaseBytes+1)), "larger than 64 MiB"},
		"deep":      {encoded(t, strings.Repeat("[", 1<<20)), "exceeded max depth"},
	} {
		if _, err := DecodeRelease(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzDecodeRelease(f *testing.F) {
	f.Add(encoded(f, releaseJSON))
	f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(releaseJSON))))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = DecodeRelease(data)
		_, _ = DecodeRelease([]byte(base64.StdEncoding.EncodeToString(data)))
	})
}

func releaseSecret(namespace, name, status string, data []byte) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"owner": "helm", "status": status, "name": "rel"}},
		Data:       map[string][]byte{"release": data},
	}
}

func TestLoadReleases(t *testing.T) {
	named := func(name, namespace, version, chart string) []byte {
		text := strings.Replace(releaseJSON, `"name": "cert-manager", "namespace": "cert-manager", "version": 3`,
			`"name": "`+name+`", "namespace": "`+namespace+`", "version": `+version, 1)
		return encoded(t, strings.Replace(text, `{"name": "cert-manager", "version": "v1`, `{"name": "`+chart+`", "version": "v1`, 1))
	}
	client := fake.NewSimpleDynamicClient(fakeScheme(t),
		releaseSecret("monitoring", "a.v1", "superseded", named("a", "monitoring", "1", "grafana")),
		releaseSecret("monitoring", "a.v2", "deployed", named("a", "monitoring", "2", "grafana")),
		releaseSecret("monitoring", "a.v3", "deployed", named("a", "monitoring", "3", "grafana")),
		releaseSecret("monitoring", "a.v4", "failed", named("a", "monitoring", "4", "grafana")),
		releaseSecret("monitoring", "b.v1", "deployed", []byte("!")),
		releaseSecret("kube-system", "c.v1", "deployed", named("c", "kube-system", "1", "s3-exporter")),
		releaseSecret("kube-system", "d.v1", "deployed", named("d", "kube-system", "1", "aws-ebs-csi-driver")),
		releaseSecret("shop", "e.v1", "deployed", named("e", "shop", "1", "shop")),
	)
	releases, unread := loadReleases(context.Background(), client, "master", "kubermatic")
	var got []string
	for _, r := range releases {
		got = append(got, r.ID())
	}
	if diff := cmp.Diff([]string{"kube-system/c", "monitoring/a"}, got); diff != "" {
		t.Error(diff)
	}
	if releases[1].Revision != 3 {
		t.Error(releases[1].Revision)
	}
	if len(unread) != 1 || unread[0].Part != PartReleases || unread[0].Subject != "Helm release monitoring/rel on master" {
		t.Errorf("%+v", unread)
	}
}

func fakeScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}
