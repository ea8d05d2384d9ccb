package redirect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// chartOf makes a chart of its files by their names.
func chartOf(t testing.TB, texts map[string]string) *chart.Chart {
	t.Helper()
	files := map[string][]byte{"chart/Chart.yaml": []byte("apiVersion: v2\nname: small\nversion: 1.2.3\n")}
	for name, text := range texts {
		files["chart/"+name] = []byte(text)
	}
	found := chart.InFiles(files)
	if len(found) != 1 || found[0].Err != nil {
		t.Fatalf("%+v", found)
	}
	return found[0].Chart
}

// pod is the template of a pod with some images, each in a container of its own.
func pod(name string, references ...string) string {
	text := "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec:\n  containers:\n"
	for i, reference := range references {
		text += fmt.Sprintf("  - {name: c%d, image: \"%s\"}\n", i, reference)
	}
	return text
}

// installed is a release of a chart as it would have been installed.
func installed(t testing.TB, r Renderer, c *chart.Chart, config map[string]any) chart.InstalledRelease {
	t.Helper()
	release := chart.InstalledRelease{ReleaseOptions: chart.ReleaseOptions{Release: "r", Namespace: "n", Kubernetes: "v1.34.0"}, Config: config}
	texts, err := r.Texts(t.Context(), c, config, release.ReleaseOptions)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		release.Manifests = append(release.Manifests, texts[name])
	}
	return release
}

func mirror(t testing.TB, text string) images.Target {
	t.Helper()
	target, err := images.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func values(t testing.TB, text string) map[string]any {
	t.Helper()
	found := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// left are the references that are not redirected, with the reasons.
func left(r Redirection) string {
	var lines []string
	for _, image := range r.Images {
		if image.State == Left {
			lines = append(lines, image.Reference+": "+image.Reason)
		}
	}
	return strings.Join(lines, "\n")
}

// check renders with what was found, and compares every reference with what was said of it.
func check(t testing.TB, r Renderer, c *chart.Chart, release chart.InstalledRelease, found Redirection) {
	t.Helper()
	texts, err := r.Texts(t.Context(), c, chart.Merge(release.Config, found.Values), release.ReleaseOptions)
	if err != nil {
		t.Fatal(err)
	}
	after, err := (&manifestdiff.Decoder{}).Decode(texts)
	if err != nil {
		t.Fatal(err)
	}
	hits := after.Found()
	if len(hits) != len(found.Images) {
		t.Fatalf("%d references, and there were %d", len(hits), len(found.Images))
	}
	for i, image := range found.Images {
		now, err := images.ParseRef(hits[i].Reference)
		switch {
		case hits[i].Object != image.Object || hits[i].Path != image.Path:
			t.Errorf("%+v in the place of %+v", hits[i], image)
		case image.State == Redirected && (err != nil || now != *image.Target):
			t.Errorf("%s became %s, not %s", image.Reference, now, image.Target)
		case image.State != Redirected && hits[i].Reference != image.Reference:
			t.Errorf("%s became %s, and is %s", image.Reference, hits[i].Reference, image.State)
		}
	}
}
