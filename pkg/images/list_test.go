package images_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func TestListRoundTrip(t *testing.T) {
	var c images.Collector
	reason := images.Reason{Source: "components", Component: "etcd", Cluster: "hamburg", Condition: "Kubernetes 1.34"}
	c.Add(images.Image{Ref: ref(t, "quay.io/b:1"), Upstream: images.UpstreamMissing, Digest: digest, Reasons: []images.Reason{reason}})
	c.Add(images.Image{Ref: ref(t, "quay.io/a:1"), Reasons: []images.Reason{reason, reason}})
	c.Add(images.Image{Ref: ref(t, "quay.io/a:1"), Kind: images.KindChart, Also: []string{"kubermatic-mirror/helm-charts/a", "{prefix}/a"}})
	c.Gap("running", "seed frankfurt", errTest("unreachable"))
	inv := c.Inventory()
	data, err := json.Marshal(inv.List())
	if err != nil {
		t.Fatal(err)
	}
	again, err := images.ParseList(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(inv, again); diff != "" {
		t.Error(diff)
	}
	if len(again.Images) != 3 || len(again.Images[1].Reasons) != 1 {
		t.Errorf("reasons are kept once, kinds apart: %+v", again.Images)
	}
}

type errTest string

func (e errTest) Error() string { return string(e) }

func TestParseListNeedsOnlyReferences(t *testing.T) {
	inv, err := images.ParseList([]byte(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"alpine"}]}`))
	if err != nil || len(inv.Images) != 1 || inv.Images[0].Kind != images.KindImage {
		t.Fatalf("%+v, %v", inv, err)
	}
}

func TestParseListRefuses(t *testing.T) {
	list := func(items string) string {
		return `{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList",` + "\n" + `"items":[` + items + `]}`
	}
	for in, want := range map[string]string{
		`{`:                                     "line 1",
		`{"kind":"ImageList"}`:                  "apiVersion",
		list(`{}`):                              "items[0]: no ref",
		list(`{"ref":"A B"}`):                   "image reference",
		list(`{"ref":1}`):                       "items[0]: json: cannot unmarshal number",
		list(`{"ref":"a"},{"ref":`):             "line 2",
		list(`{"ref":"a"},{"ref":[]}`):          "items[1]: json: cannot unmarshal array",
		list("{}" + strings.Repeat(",{}", 1e4)): "items[0]: no ref",
		list(strings.Repeat(`{"ref":"a"},`, 100_000) + "{}"):                                                            "items[100000]: more than 100000 elements",
		`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","gaps":[{}` + strings.Repeat(",{}", 100_000) + `]}`: "gaps[100000]: more than 100000 elements",
		list(`{"ref":"a","kind":"x"}`):                             "unknown kind",
		list(`{"ref":"a","digest":"sha256:1"}`):                    "not a digest",
		list(`{"ref":"a","also":["../x"]}`):                        "second place",
		list(`{"ref":"a","also":["x:1"]}`):                         "second place",
		list(`{"ref":"a","also":["x/{prefix}/y"]}`):                "second place",
		list(`{"ref":"a@` + digest + `","digest":"` + flip + `"}`): "contradicts",
	} {
		if _, err := images.ParseList([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200s: got %v, want %q", in, err, want)
		}
	}
}

const flip = "sha256:526f98fdc8a2c7d7a879eb0da57131e6eec4d239881448f23946216fe801b614"

func TestUpstreamMissingOnlyIfEverySourceSaysSo(t *testing.T) {
	var c images.Collector
	c.Add(images.Image{Ref: ref(t, "a"), Upstream: images.UpstreamMissing})
	c.Add(images.Image{Ref: ref(t, "a")})
	if got := c.Inventory().Images[0].Upstream; got != "" {
		t.Error(got)
	}
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"alpine","digest":"` + digest + `"}]}`))
	f.Add([]byte(`{"items":[{"ref":`))
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, err := images.ParseList(data)
		if err != nil {
			return
		}
		out, err := json.Marshal(inv.List())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := images.ParseList(out); err != nil {
			t.Fatalf("what was accepted is refused when written again: %v", err)
		}
	})
}
