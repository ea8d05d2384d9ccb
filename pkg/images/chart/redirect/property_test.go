package redirect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
)

// unit is a part of a chart with one image.
type unit struct {
	values   string // below its own key
	image    string // the template
	hopeless bool   // no value redirects it
}

// random makes a unit whose values are below a key. A mirror of all is one that the chart
// may have.
func random(rng *rand.Rand, key string) unit {
	pick := func(texts ...string) string { return texts[rng.IntN(len(texts))] }
	host, path := pick("quay.io", "ghcr.io", "docker.io", "registry.k8s.io"), pick("a/b", "c/d/e", "app-"+key, key+"/x")
	version := pick(":v1", ":2.0.1-alpine", ":v1@"+digest, "@"+digest)
	v := ".Values." + key
	all := []unit{
		{fmt.Sprintf("{registry: %s, repository: %s, version: '%s'}", host, path, version), "{{ " + v + ".registry }}/{{ " + v + ".repository }}{{ " + v + ".version }}", false},
		{fmt.Sprintf("{image: '%s/%s%s'}", host, path, version), "{{ " + v + ".image }}", false},
		{fmt.Sprintf("{image: '%s%s'}", path, version), "{{ " + v + ".image }}", false},
		{fmt.Sprintf("{registry: '', repository: %s/%s}", host, path), "{{ with " + v + ".registry }}{{ . }}/{{ end }}{{ " + v + ".repository }}" + version, false},
		{fmt.Sprintf("{registry: %s, path: %s}", host, path), "{{ .Values.global.imageRegistry | default " + v + ".registry }}/{{ " + v + ".path }}" + version, false},
		{fmt.Sprintf("{list: [x, '%s/%s%s']}", host, path, version), "{{ index " + v + ".list 1 }}", false},
		{fmt.Sprintf("{host: %s, image: '{{ %s.host }}/%s%s'}", host, v, path, version), "{{ tpl " + v + ".image . }}", false},
		{fmt.Sprintf("{path: %s}", path), host + "/{{ " + v + ".path }}" + version, true},
		{"{}", host + "/" + path + version, true},
	}
	return all[rng.IntN(len(all))]
}

// randomChart makes a chart of units, some of them in a subchart.
func randomChart(t *testing.T, rng *rand.Rand) (c *chart.Chart, hopeless int) {
	files := map[string]string{"Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\ndependencies: [{name: sub, version: 1.x, alias: below}]\n"}
	for _, dir := range []string{"", "charts/sub/"} {
		var values, images []string
		for i := range 1 + rng.IntN(6) {
			key := fmt.Sprintf("k%d", i)
			u := random(rng, key)
			if u.hopeless {
				hopeless++
			}
			values, images = append(values, key+": "+u.values), append(images, u.image)
		}
		files[dir+"values.yaml"] = "global: {}\n" + strings.Join(values, "\n") + "\n"
		files[dir+"templates/all.yaml"] = pod("p{{ .Chart.Name }}", images...)
	}
	files["charts/sub/Chart.yaml"] = "apiVersion: v2\nname: sub\nversion: 1.0.0\n"
	return chartOf(t, files), hopeless
}

// TestRandomCharts wants what is said of each reference to hold when the chart is rendered
// once more, and every reference to be redirected for which there is a value.
func TestRandomCharts(t *testing.T) {
	r := &chart.Renderer{}
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 7))
		c, hopeless := randomChart(t, rng)
		release := installed(t, r, c, nil)
		target := mirror(t, []string{"reg.corp", "reg.corp:5000/kkp"}[rng.IntN(2)])
		found, err := Find(t.Context(), r, c, release, target)
		if err != nil {
			t.Fatal(seed, err)
		}
		check(t, r, c, release, found)
		if got := found.Count(Left); got != hopeless {
			t.Errorf("seed %d: %d are left, want %d:\n%s\n%v", seed, got, hopeless, left(found), found.Values)
		}
		again, err := Find(t.Context(), r, c, installed(t, r, c, found.Values), target)
		if err != nil || len(again.Keys) > 0 || again.Count(Present) != found.Count(Redirected) {
			t.Errorf("seed %d: once more: %v, %v", seed, again.Keys, err)
		}
	}
}
