package installed_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: IMAGE}]}\n"

// chartWith makes a chart whose pod runs the image of its values.
func chartWith(t *testing.T, image string) *chart.Chart {
	t.Helper()
	found := chart.InFiles(map[string][]byte{
		"c/Chart.yaml":         []byte("apiVersion: v2\nname: small\nversion: 1.2.3\n"),
		"c/values.yaml":        []byte("image: " + image + "\n"),
		"c/templates/pod.yaml": []byte(strings.ReplaceAll(pod, "IMAGE", "{{ .Values.image }}")),
	})
	if len(found) != 1 || found[0].Err != nil {
		t.Fatalf("%+v", found)
	}
	return found[0].Chart
}

// release is a release of that chart with the image quay.io/a/b:1; its own chart is broken.
func release(name string) kkp.HelmRelease {
	return kkp.HelmRelease{
		Name: name, Namespace: "n", Revision: 4, ChartName: "small", ChartVersion: "1.2.3", Chart: json.RawMessage(`{}`),
		Manifest: strings.ReplaceAll(pod, "IMAGE", "quay.io/a/b:1"),
	}
}

func finder(t *testing.T, sources ...installed.Candidates) installed.Finder {
	t.Helper()
	target, err := images.ParseTarget("reg.corp/kkp")
	if err != nil {
		t.Fatal(err)
	}
	return installed.Finder{
		Renderer: &chart.Renderer{}, Target: target, Sources: sources,
		Complete: func(_ context.Context, c *chart.Chart, _ map[string]any) (*chart.Chart, error) { return c, nil },
	}
}

func source(name string, err error, charts ...chart.Candidate) installed.Candidates {
	return installed.Candidates{Name: name, Charts: func() ([]chart.Candidate, error) { return charts, err }}
}

// TestTheChartThatWasInstalled tries charts until one renders to what is installed.
func TestTheChartThatWasInstalled(t *testing.T) {
	other, right := chartWith(t, "quay.io/a/b:2"), chartWith(t, "quay.io/a/b:1")
	found := finder(t,
		source("", nil, chart.Candidate{Path: "dir/broken", Err: errors.New("broken")}, chart.Candidate{Path: "dir/other", Chart: other}),
		source("KKP's own", nil, chart.Candidate{Chart: right}),
	).FindAll(t.Context(), []installed.ClusterRelease{{HelmRelease: release("one")}, {HelmRelease: release("two"), Seed: &kkp.Seed{Name: "frankfurt"}}})
	for i, r := range found {
		if r.Err != nil || r.Chart != right || r.Path != "" || !slices.Equal(r.Keys, []string{"image"}) || len(r.Sources()) != 1 || r.Sources()[0].String() != "quay.io/a/b:1" {
			t.Errorf("%d: got %+v", i, r)
		}
	}
	if item := found[1].Item(); item.Release != "two" || item.Cluster != "frankfurt" || item.Revision != 4 || item.Values["image"] != "reg.corp/kkp/a/b:1" {
		t.Errorf("got %+v", item)
	}
}

// TestNoChart wants every chart that was tried in the error, and what to do.
func TestNoChart(t *testing.T) {
	found := finder(t,
		source("", nil, chart.Candidate{Path: "dir/other", Chart: chartWith(t, "quay.io/a/b:2")}),
		source("KKP's own", errors.New("no access to KKP's image")),
	).Find(t.Context(), installed.ClusterRelease{HelmRelease: release("one")})
	if found.Err == nil {
		t.Fatal("a chart was found")
	}
	gap := found.Gap()
	for _, want := range []string{"stored with the release", "dir/other: ", "quay.io/a/b:1", "no access to KKP's image", "--charts-directory", "small 1.2.3"} {
		if !strings.Contains(gap.Error, want) {
			t.Errorf("%q is missing in %s", want, gap.Error)
		}
	}
	if gap.Subject != "Helm release n/one on master" {
		t.Errorf("got %s", gap.Subject)
	}
}

func TestReleasesAreChosen(t *testing.T) {
	inst := kkp.Installation{
		Version: "v2.31.0", Edition: "EE", Releases: []kkp.HelmRelease{release("dex"), release("both")},
		Seeds: []kkp.Seed{{Name: "frankfurt", Releases: []kkp.HelmRelease{release("both")}}},
		Unread: []kkp.Unread{
			{Part: kkp.PartReleases, Subject: "seed hamburg", Err: errors.New("refused")}, {Part: kkp.PartPods, Subject: "seed hamburg", Err: errors.New("refused")},
		},
	}
	for text, want := range map[string]string{
		"": "master/dex master/both frankfurt/both", "dex": "master/dex", "n/both": "master/both frankfurt/both", "dex both": "master/dex master/both frankfurt/both",
	} {
		chosen, err := installed.Choose(installed.Releases(inst), strings.Fields(text))
		var got []string
		for _, r := range chosen {
			got = append(got, r.Cluster()+"/"+r.Name)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if _, err := installed.Choose(installed.Releases(inst), []string{"dex", "gone"}); err == nil || !strings.Contains(err.Error(), `"gone"; KKP has n/both, n/dex`) {
		t.Errorf("got %v", err)
	}
	if gaps := installed.Unread(inst); len(gaps) != 1 || gaps[0].Error != "refused" {
		t.Errorf("gaps: %v", gaps)
	}
	if image, known := installed.ChartsImage(inst); !known || image.String() != "quay.io/kubermatic/kubermatic-ee:v2.31.0" {
		t.Errorf("got %s, %t", image, known)
	}
	if _, known := installed.ChartsImage(kkp.Installation{Edition: "CE"}); known {
		t.Error("the image of an unknown version is known")
	}
}
