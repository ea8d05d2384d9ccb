package chart_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
)

// FuzzFromArchive: a chart or an error, and soon. The corpus has archives in archives, links,
// names that climb, and what is cut off.
func FuzzFromArchive(f *testing.F) {
	f.Add(packed(f, "1.0.0"))
	f.Add(packed(f, "1.0.0")[:60])
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		c, err := chart.FromArchive(data)
		if (c == nil) != (err != nil) || err == nil && c.Name == "" {
			t.Errorf("%v, %v", c, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// FuzzReadValues: what can be read as values of a chart can be rendered with, or is an error.
func FuzzReadValues(f *testing.F) {
	for _, text := range []string{
		"a: b", "image: {repository: quay.io/a/b, tag: 1.10}", "a: &a {b: c}\nd: *a\ne: {<<: *a}", "on: yes\n1: 2\n? [a]\n: b", "- a", "a: {b: {c: null}}", "global: [x]",
	} {
		f.Add([]byte(text))
	}
	c := chart.InFiles(map[string][]byte{
		"c/Chart.yaml":       []byte("apiVersion: v2\nname: c\nversion: 1.0.0\n"),
		"c/values.yaml":      []byte("image: {repository: quay.io/a/b, tag: v1}\nglobal: {x: y}\n"),
		"c/templates/a.yaml": []byte("kind: Pod\nspec: {containers: [{name: c, image: '{{ .Values.image.repository }}:{{ .Values.image.tag }}'}]}\n"),
	})[0].Chart
	f.Fuzz(func(t *testing.T, text []byte) {
		start := time.Now()
		values, err := chart.ReadValues(bytes.NewReader(text))
		if err == nil {
			_, _ = new(chart.Renderer).Render(t.Context(), c, values, false, chart.ReleaseOptions{}) // any error will do
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// TestValuesAreBounded has files that would take all memory that there is.
func TestValuesAreBounded(t *testing.T) {
	for text, want := range map[string]string{
		"a: " + strings.Repeat("x", 9<<20):                                                      "larger than 8 MiB",
		"a: [" + strings.Repeat("0,", 1<<20) + "]":                                              "the YAML has more than",
		"a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a,", 100_000) + "]": "the aliases expand to more than",
	} {
		if _, err := chart.ReadValues(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s…: %v, want %s", text, err, want)
		}
	}
}
