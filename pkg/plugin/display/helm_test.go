package display_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

func helmReleases() []display.HelmRelease {
	return []display.HelmRelease{
		{
			Name: "dex/dex", Cluster: "master", Chart: "dex 2.31.0", Images: 3, Redirected: 1, Present: 1,
			Values: map[string]any{"dex": map[string]any{"image": "mirror.example.com/dex"}}, Keys: []string{"dex.image"}, Lists: []string{"dex.args"},
			Left:    []display.LeftImage{{Object: "Job dex/test", Path: "spec.image", Reference: "busybox", Reason: "no value changes the name"}},
			Derived: []string{"ConfigMap dex/dex data.image"},
		},
		{Name: "minio/minio", Cluster: "frankfurt", Chart: "minio 1.0.0", Images: 2, Values: map[string]any{}},
	}
}

func TestHelmReleases(t *testing.T) {
	var out bytes.Buffer
	if err := display.HelmReleases(&out, helmReleases(), false); err != nil {
		t.Fatal(err)
	}
	want := `RELEASE       CLUSTER     CHART         REDIRECTED        KEYS
dex/dex       master      dex 2.31.0    1/3 (1 already)   dex.image
    not redirected: Job dex/test, spec.image: busybox (no value changes the name)
    dex.args: the whole list is written, because Helm replaces lists
    changes with the images: ConfigMap dex/dex data.image
minio/minio   frankfurt   minio 1.0.0   0/2               none
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestValuesAreOneDocumentForEachRelease(t *testing.T) {
	var out bytes.Buffer
	if err := display.Values(&out, "mirror.example.com", helmReleases()); err != nil {
		t.Fatal(err)
	}
	want := `# release dex/dex on master, chart dex 2.31.0: 1/3 (1 already) images from mirror.example.com
# not redirected: Job dex/test, spec.image: busybox (no value changes the name)
# dex.args: the whole list is written, because Helm replaces lists
# changes with the images: ConfigMap dex/dex data.image
dex:
  image: mirror.example.com/dex
---
# release minio/minio on Seed frankfurt, chart minio 1.0.0: 0/2 images from mirror.example.com
{}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestTextsOfChartsStayOnTheirLine has names and references that begin lines of their own.
func TestTextsOfChartsStayOnTheirLine(t *testing.T) {
	const hostile = "a\nimage: evil\r\u0085\u2028\u2029b\tc\x1b[2J"
	release := display.HelmRelease{
		Name: hostile, Cluster: hostile, Chart: hostile, Values: map[string]any{"a": "b"}, Keys: []string{hostile}, Lists: []string{hostile}, Derived: []string{hostile},
		Left: []display.LeftImage{{Object: hostile, Path: hostile, Reference: hostile, Reason: hostile}},
	}
	file, err := display.ValuesFile(hostile, release)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.UnmarshalStrict(file, &values); err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	if diff := cmp.Diff(map[string]any{"a": "b"}, values); diff != "" {
		t.Error(diff)
	}
	var table bytes.Buffer
	if err := display.HelmReleases(&table, []display.HelmRelease{release}, false); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(table.String(), "\n"); len(lines) != 1+1+3+1 { // header, row, remarks
		t.Errorf("%d lines:\n%s", len(lines), table.String())
	}
}
