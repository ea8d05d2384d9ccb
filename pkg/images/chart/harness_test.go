package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// TestMain makes this test binary the program that renders, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := worker.Serve(os.Stdin, os.Stdout, Job().Handler()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// workers renders in processes of their own.
func workers(t testing.TB) *Renderer {
	pool := worker.NewPool(os.Args[0], "serve")
	t.Cleanup(pool.Close)
	return &Renderer{Workers: pool}
}

// chartOf makes a chart of its files by their names.
func chartOf(t testing.TB, texts map[string]string) *Chart {
	t.Helper()
	c, err := FromArchive(pack(t, texts))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pack packs files into an archive, below a directory.
func pack(t testing.TB, texts map[string]string) []byte {
	t.Helper()
	var data bytes.Buffer
	zipped := gzip.NewWriter(&data)
	packed := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		header := &tar.Header{Name: "chart/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(texts[name]))}
		if err := packed.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(packed, texts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// small is a chart with one template.
func small(template string) map[string]string {
	return map[string]string{"Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\n", "templates/all.yaml": template}
}

// pod is the template of a pod with an image.
func pod(image string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"" + image + "\"}]}\n"
}

func values(t testing.TB, text string) map[string]any {
	t.Helper()
	found := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// references are the references of hits, ordered.
func references(hits []manifest.Hit) []string {
	var refs []string
	for _, hit := range hits {
		refs = append(refs, hit.Reference)
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}
