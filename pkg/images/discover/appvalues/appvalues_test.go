package appvalues_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/appvalues"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// TestMain makes this test binary the program of the workers, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := worker.Serve(os.Stdin, os.Stdout, job().Handler()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func job() worker.Job[appvalues.Request, map[string]any] {
	return worker.Job[appvalues.Request, map[string]any]{Name: "values", Time: 2 * time.Second, Do: appvalues.Render}
}

func cluster() appvalues.Cluster {
	return appvalues.Cluster{Name: "cluster", Version: "1.34.9", MajorMinorVersion: "1.34", AutoscalerVersion: "v1.34.2"}
}

func TestRender(t *testing.T) {
	values := map[string]any{
		"image": map[string]any{"tag": "v{{ .Cluster.MajorMinorVersion }}", "other": "{{ .Cluster.AutoscalerVersion }}"},
		"name":  "{{ .Cluster.Name }}", "plain": true,
	}
	got, err := appvalues.Render(appvalues.Request{Values: values, Cluster: cluster()})
	want := map[string]any{"image": map[string]any{"tag": "v1.34", "other": "v1.34.2"}, "name": "cluster", "plain": true}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, text := range []string{"{{ nothing }}", "{{ .Nothing }}", "{{"} {
		if _, err := appvalues.Render(appvalues.Request{Values: map[string]any{"a": text}}); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// FuzzRender: an answer within the bounds of a worker, whatever default values say.
func FuzzRender(f *testing.F) {
	for _, text := range []string{
		"tag: v{{ .Cluster.MajorMinorVersion }}", "a: '{{ range 9 }}x{{ end }}'", `a: '{{ printf "%99s" .Cluster.Name }}'`,
		"a: '{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}'", "a: '{{ with .Cluster }}{{ len .Version }}{{ end }}'", "a: '{{ slice .Cluster.Name 3 1 }}'",
	} {
		f.Add([]byte(text))
	}
	pool := worker.NewPool(os.Args[0], "serve")
	f.Cleanup(pool.Close)
	f.Fuzz(func(t *testing.T, text []byte) {
		values := map[string]any{}
		if yamlbound.Check(text) != nil || yaml.Unmarshal(text, &values) != nil {
			return
		}
		start := time.Now()
		_, _ = job().Run(t.Context(), pool, appvalues.Request{Values: values, Cluster: cluster()}) // any error will do
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
