package check_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func mirror() images.Target { return images.Target{Registry: "mirror.example", Prefix: "kkp"} }

// installation makes an installation with fields of the configuration.
func installation(t *testing.T, fields map[string]string) kkp.Installation {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": "KubermaticConfiguration", "metadata": map[string]any{"name": "kubermatic", "namespace": "kubermatic"},
	}}
	for _, field := range [][]string{{"spec", "ui", "dockerRepository"}, {"spec", "api", "dockerRepository"}, {"spec", "userCluster", "overwriteRegistry"}} {
		if value := fields[field[1]+"."+field[2]]; value != "" {
			if err := unstructured.SetNestedField(object.Object, value, field...); err != nil {
				t.Fatal(err)
			}
		}
	}
	inst, err := kkp.FromObjects([]*unstructured.Unstructured{object})
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

func TestMirrorOfAnInstallation(t *testing.T) {
	release, err := catalog.Open("v2.31.0", catalog.CE)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		fields map[string]string
		want   string // "": none
	}{
		"none":               {nil, ""},
		"defaults":           {map[string]string{"ui.dockerRepository": "quay.io/kubermatic/dashboard"}, ""},
		"overwriteRegistry":  {map[string]string{"userCluster.overwriteRegistry": "m.example/kkp", "ui.dockerRepository": "other.example/kubermatic/dashboard"}, "m.example/kkp named by spec.userCluster.overwriteRegistry"},
		"repositories":       {map[string]string{"ui.dockerRepository": "m.example/kkp/kubermatic/dashboard", "api.dockerRepository": "m.example/kkp/kubermatic/dashboard"}, "m.example/kkp named by spec.api.dockerRepository and 1 more fields"},
		"without a path":     {map[string]string{"ui.dockerRepository": "m.example:5000/kubermatic/dashboard"}, "m.example:5000 named by spec.ui.dockerRepository"},
		"a build of its own": {map[string]string{"ui.dockerRepository": "m.example/team/ui"}, ""},
		"no registry":        {map[string]string{"userCluster.overwriteRegistry": "mirror/kkp", "ui.dockerRepository": "m.example/kubermatic/dashboard"}, "m.example named by spec.ui.dockerRepository"},
	} {
		named, ok := check.FindMirror(installation(t, tt.fields), release)
		got := ""
		if ok {
			got = named.Target.String() + " " + named.String()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
	valid(t, check.NoMirror(), check.FoundMirror(check.Named{Target: mirror()}))
}

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// content has one image of each kind, and a mirror that has all.
func content(t *testing.T) check.Content {
	t.Helper()
	c := check.Content{
		Section: check.SectionMirror, Target: mirror(), Answers: map[images.Ref]check.Answer{}, Copy: "sync", CopyLock: "sync lock",
		Digests: map[images.Ref]string{ref(t, "quay.io/a/locked:1"): digestA},
		Inventory: images.Inventory{Images: []images.Image{
			{Ref: ref(t, "quay.io/a/tagged:1")},
			{Ref: ref(t, "quay.io/a/locked:1")},
			{Ref: ref(t, "quay.io/a/pinned:1@"+digestA)},
			{Ref: ref(t, "quay.io/a/digest@"+digestA)},
			{Ref: ref(t, "quay.io/a/twice:1"), Also: []string{images.PrefixTemplate + "/a/twice"}},
			{Ref: ref(t, "quay.io/charts/cilium:1"), Kind: images.KindChart},
		}},
	}
	for _, place := range check.Places(c.Inventory, c.Target) {
		c.Answers[place] = check.Answer{Digest: digestA}
	}
	return c
}

// TestContent takes back one thing after the other: exactly its finding turns.
func TestContent(t *testing.T) {
	gone := check.Answer{Class: images.ClassNotFound}
	for name, tt := range map[string]struct {
		place  string
		answer check.Answer
		want   string
	}{
		"nothing":         {"", check.Answer{}, "ok mirror.images 6 images and charts"},
		"a tag":           {"a/tagged:1", gone, "ok mirror.images 5 of 6 images and charts\nnot ready mirror.image-missing quay.io/a/tagged:1 $ sync"},
		"a locked image":  {"a/locked:1", gone, "ok mirror.images 5 of 6 images and charts\nnot ready mirror.image-missing quay.io/a/locked:1 $ sync lock"},
		"a second place":  {"kkp/a/twice:1", gone, "ok mirror.images 5 of 6 images and charts\nnot ready mirror.place-missing quay.io/a/twice:1 $ sync"},
		"a chart":         {"charts/cilium:1", gone, "ok mirror.images 5 of 6 images and charts\nnot ready mirror.image-missing quay.io/charts/cilium:1 $ sync"},
		"another content": {"a/tagged:1", check.Answer{Digest: digestB}, "ok mirror.images 6 images and charts"},
		"not the lock's":  {"a/locked:1", check.Answer{Digest: digestB}, "ok mirror.images 5 of 6 images and charts\nnot ready mirror.image-different quay.io/a/locked:1 $ sync lock"},
		"not the pinned":  {"a/pinned:1", check.Answer{Digest: digestB}, "ok mirror.images 5 of 6 images and charts\nnot ready mirror.image-different quay.io/a/pinned:1@" + digestA + " $ sync"},
		"no answer":       {"a/digest@" + digestA, check.Answer{Class: images.ClassAuth, Cause: "denied"}, "ok mirror.images 5 of 6 images and charts\nunknown mirror.image-unknown quay.io/a/digest@" + digestA},
	} {
		c := content(t)
		if tt.place != "" {
			place := ref(t, "mirror.example/kkp/"+tt.place)
			if _, asked := c.Answers[place]; !asked {
				t.Fatalf("%s: %s is no place", name, place)
			}
			c.Answers[place] = tt.answer
		}
		findings := c.Findings()
		valid(t, findings...)
		if diff := cmp.Diff(tt.want, summary(findings...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestContentUnknown checks that nothing that was not asked is counted as there, and that failures
// with one cause are one finding.
func TestContentUnknown(t *testing.T) {
	c := content(t)
	c.Answers = nil
	c.Inventory.Gaps = []images.Gap{{Source: "addons", Subject: "aws", Error: "no addons image"}, {Source: "charts", Subject: "dex", Error: "x", Cause: "c"}, {Source: "charts", Subject: "minio", Error: "y", Cause: "c"}}
	findings := c.Findings()
	valid(t, findings...)
	want := "unknown mirror.image-unknown quay.io/a/tagged:1 and 5 more\nunknown mirror.list images of the source addons\nunknown mirror.list images of the source charts"
	if diff := cmp.Diff(want, summary(findings...)); diff != "" {
		t.Error(diff)
	}
}

func TestReachable(t *testing.T) {
	for status, answers := range map[check.Status][]check.Answer{
		check.StatusOK:       {{Digest: digestA}, {Class: images.ClassNotFound, Cause: "not found"}},
		check.StatusNotReady: {{Class: images.ClassNetwork, Cause: "refused"}, {Class: images.ClassTLS, Cause: "unknown authority"}, {Class: images.ClassAuth, Cause: "401"}, {Cause: "?"}},
	} {
		for _, answer := range answers {
			f := check.Reachable(mirror(), answer)
			valid(t, f)
			if f.Status != status {
				t.Errorf("%+v: %s, want %s", answer, f.Status, status)
			}
		}
	}
}

func TestCertificate(t *testing.T) {
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	until := func(days int) []*x509.Certificate {
		return []*x509.Certificate{{NotAfter: now.AddDate(0, 0, days)}}
	}
	unknown := errors.New("unknown authority")
	for name, tt := range map[string]struct {
		certificate check.Certificate
		want        check.Status
	}{
		"trusted":         {check.Certificate{Chain: until(90)}, check.StatusOK},
		"soon":            {check.Certificate{Chain: until(29)}, check.StatusWarning},
		"expired":         {check.Certificate{Chain: until(-1), Accepted: true}, check.StatusNotReady},
		"untrusted":       {check.Certificate{Chain: until(90), Untrusted: unknown}, check.StatusNotReady},
		"accepted anyway": {check.Certificate{Chain: until(90), Untrusted: unknown, Accepted: true}, check.StatusWarning},
		"plain HTTP":      {check.Certificate{}, check.StatusWarning},
	} {
		tt.certificate.Host, tt.certificate.Now = "mirror.example", now
		f := tt.certificate.Finding()
		valid(t, f)
		if f.Status != tt.want {
			t.Errorf("%s: %s, want %s", name, f.Status, tt.want)
		}
	}
}

// TestSources compares a mirror with sources of which one cannot be asked.
func TestSources(t *testing.T) {
	c := content(t)
	tagged, chart := ref(t, "quay.io/a/tagged:1"), ref(t, "quay.io/charts/cilium:1")
	var open []string
	for _, ref := range c.WithoutDigest() {
		open = append(open, ref.String())
	}
	if diff := cmp.Diff([]string{"quay.io/a/tagged:1", "quay.io/a/twice:1", "quay.io/charts/cilium:1"}, open); diff != "" {
		t.Error(diff)
	}
	c.Sources = check.Sources{
		Digests: map[images.Ref]string{tagged: digestA, chart: digestB, ref(t, "quay.io/a/locked:1"): digestB}, Silent: map[images.Ref]string{ref(t, "quay.io/a/twice:1"): "quay.io cannot be reached from here"},
	}
	findings := c.Findings()
	valid(t, findings...)
	want := "ok mirror.images 5 of 6 images and charts\nnot ready mirror.source-different quay.io/charts/cilium:1 $ sync\nok mirror.source 1 image or chart\nwarning mirror.source quay.io/a/twice:1"
	if diff := cmp.Diff(want, summary(findings...)); diff != "" {
		t.Error(diff)
	}
	c.Sources.Digests[chart] = digestA
	if report := check.NewReport(map[check.Section][]check.Finding{check.SectionMirror: c.Findings()}, nil); !report.Ready {
		t.Error("a source that cannot be asked makes the installation not ready")
	}
}
