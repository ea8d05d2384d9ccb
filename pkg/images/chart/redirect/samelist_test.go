package redirect

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// asStored returns a chart as Helm stores it with a release: without its subcharts.
func asStored(t testing.TB, c *chart.Chart, config map[string]any) json.RawMessage {
	t.Helper()
	opened, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(opened, config); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(opened)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// listed returns the upstream names of the images of a release, and those of unknown upstream name. whole is the
// chart with its subcharts, as with --charts-directory; nil without.
func listed(t testing.TB, r *chart.Renderer, c, whole *chart.Chart, config map[string]any) (names, unexplained []string) {
	t.Helper()
	release := installed(t, r, c, config)
	release.Stored = asStored(t, c, config)
	result, err := r.Installed(t.Context(), release, func(string, string) *chart.Chart { return whole }, false)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]bool{}
	for _, hit := range result.Hits {
		ref, err := images.ParseRef(hit.Reference)
		if err != nil {
			t.Fatal(err)
		}
		of[ref.String()] = true
	}
	for _, hit := range result.Unexplained {
		unexplained = append(unexplained, hit.Reference)
	}
	return slices.Sorted(maps.Keys(of)), unexplained
}

// sameList redirects a release to a mirror, and compares the lists before and after.
func sameList(t testing.TB, r *chart.Renderer, c *chart.Chart, config map[string]any, target string) {
	t.Helper()
	found, err := Find(t.Context(), r, c, installed(t, r, c, config), mirror(t, target))
	if err != nil {
		t.Fatal(err)
	}
	before, unknown := listed(t, r, c, c, config)
	after, unexplained := listed(t, r, c, c, chart.Merge(config, found.Values))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%v\nchanges the list: %s", found.Values, diff)
	}
	if diff := cmp.Diff(unknown, unexplained); diff != "" {
		t.Errorf("%v\nchanges what is unexplained: %s", found.Values, diff)
	}
	if collide(t, before, target) {
		return // no mirror can have both
	}
	alone, unexplained := listed(t, r, c, nil, chart.Merge(config, found.Values))
	if diff := cmp.Diff(before, alone); diff != "" {
		t.Errorf("%v\nwithout the subcharts, the list changes: %s", found.Values, diff)
	}
	if diff := cmp.Diff(unknown, unexplained); diff != "" {
		t.Errorf("%v\nwithout the subcharts, what is unexplained changes: %s", found.Values, diff)
	}
	t.Logf("%d images, record %v", len(before), found.Values["kkp-mirror.dev/upstream"])
}

// collide reports whether two repositories have one name in a mirror.
func collide(t testing.TB, names []string, target string) bool {
	t.Helper()
	sources := map[string]string{}
	for _, name := range names {
		ref, err := images.ParseRef(name)
		if err != nil {
			t.Fatal(err)
		}
		at := mirror(t, target).Ref(ref).Name()
		if source, taken := sources[at]; taken && source != ref.Name() {
			return true
		}
		sources[at] = ref.Name()
	}
	return false
}

// TestTheListStaysTheSame redirects each shape of chart.
func TestTheListStaysTheSame(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"templates/all.yaml": s.templates, "values.yaml": s.values}
			maps.Copy(files, s.files)
			sameList(t, &chart.Renderer{}, chartOf(t, files), values(t, s.config), "reg.corp:5000/kkp")
		})
	}
}

func TestTheListOfRandomChartsStaysTheSame(t *testing.T) {
	for seed := range uint64(60) {
		c, _ := randomChart(t, rand.New(rand.NewPCG(seed, 7)))
		sameList(t, &chart.Renderer{}, c, nil, "reg.corp:5000/kkp")
		if t.Failed() {
			t.Fatal(seed)
		}
	}
}

// TestTheListOfKKPStaysTheSame redirects KKP's charts, where the data of KKP has a directory charts.
func TestTheListOfKKPStaysTheSame(t *testing.T) {
	harness.DataFiles(t, "charts/*")
	found, err := chart.InDirectory(filepath.Join(harness.Data(t), "charts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, candidate := range found {
		t.Run(strings.ReplaceAll(filepath.ToSlash(candidate.Path), "/", "-"), func(t *testing.T) {
			if candidate.Err != nil {
				t.Skipf("the chart cannot be read: %v", candidate.Err)
			}
			r := &chart.Renderer{}
			if _, err := r.Texts(t.Context(), candidate.Chart, nil, chart.ReleaseOptions{Release: "r", Namespace: "n", Kubernetes: "v1.34.0"}); err != nil {
				t.Skipf("the chart does not render without values: %v", err)
			}
			sameList(t, r, candidate.Chart, nil, "reg.corp:5000/kkp")
		})
	}
}

// TestTheListAfterLaterChanges changes values of a redirected release, or its chart, in later revisions.
func TestTheListAfterLaterChanges(t *testing.T) {
	templates := pod("p", "{{ .Values.images.gateway }}", "{{ .Values.hub }}/a/b:{{ .Values.version }}")
	small := chartOf(t, map[string]string{"templates/all.yaml": templates, "values.yaml": "images: {gateway: 'quay.io/e/gateway:v1'}\nhub: ghcr.io\nversion: v1"})
	newer := chartOf(t, map[string]string{"templates/all.yaml": templates, "values.yaml": "images: {gateway: 'quay.io/e/gateway:v2'}\nhub: ghcr.io\nversion: v2"})
	for name, c := range map[string]struct {
		chart       *chart.Chart
		change      string // of the redirected values
		want        string
		unexplained string
	}{
		"none":                          {small, "", "ghcr.io/a/b:v1 quay.io/e/gateway:v1", ""},
		"another tag":                   {small, "{images: {gateway: 'reg.corp/kkp/e/gateway:v3'}, version: v4}", "ghcr.io/a/b:v4 quay.io/e/gateway:v3", ""},
		"a digest":                      {small, "{images: {gateway: 'reg.corp/kkp/e/gateway@" + digest + "'}}", "ghcr.io/a/b:v1 quay.io/e/gateway@" + digest, ""},
		"another image on the mirror":   {small, "{images: {gateway: 'reg.corp/kkp/e/other:v1'}}", "ghcr.io/a/b:v1", "reg.corp/kkp/e/other:v1"},
		"another image elsewhere":       {small, "{images: {gateway: 'ghcr.io/x/other:v1'}}", "ghcr.io/a/b:v1 ghcr.io/x/other:v1", ""},
		"upstream again":                {small, "{images: {gateway: 'quay.io/e/gateway:v3'}, hub: ghcr.io}", "ghcr.io/a/b:v1 quay.io/e/gateway:v3", ""},
		"another mirror, set by hand":   {small, "{images: {gateway: 'other.corp/e/gateway:v1'}, hub: other.corp/x/y}", "ghcr.io/a/b:v1 quay.io/e/gateway:v1", ""},
		"a fork on the same registry":   {small, "{hub: ghcr.io/fork}", "ghcr.io/fork/a/b:v1 quay.io/e/gateway:v1", ""},
		"a newer chart with other tags": {newer, "", "ghcr.io/a/b:v2 quay.io/e/gateway:v1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &chart.Renderer{}
			found, err := Find(t.Context(), r, small, installed(t, r, small, nil), mirror(t, "reg.corp/kkp"))
			if err != nil {
				t.Fatal(err)
			}
			names, unexplained := listed(t, r, c.chart, c.chart, chart.Merge(found.Values, values(t, c.change)))
			if diff := cmp.Diff(strings.Fields(c.want), names); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.unexplained, strings.Join(unexplained, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
