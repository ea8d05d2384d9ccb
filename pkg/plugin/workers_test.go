package plugin_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin"
)

// TestMain makes this test binary the program of the workers, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "render" {
		os.Exit(plugin.Main(context.Background(), os.Args[1:], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}))
	}
	os.Exit(m.Run())
}

// repository serves a chart in an HTTP repository.
func repository(t *testing.T) string {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, text := range map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"quay.io/a/web:{{ .Values.tag }}\"}]}\n",
	} {
		if err := archive.WriteHeader(&tar.Header{Name: "web/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/index.yaml" {
			fmt.Fprint(w, "entries:\n  web:\n  - urls: [web.tgz]\n    version: 1.0.0\n")
			return
		}
		_, _ = w.Write(packed.Bytes())
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// applications are ApplicationDefinitions of one chart, with these default values.
func applications(t *testing.T, repository string, values map[string]string) (file string) {
	t.Helper()
	text := `
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata: {name: kubermatic, namespace: kubermatic}
spec: {versions: {default: v1.34.9, versions: [v1.34.9]}, applications: {systemApplications: {disable: true}}}
status: {kubermaticVersion: v2.31.0, kubermaticEdition: CE}
`
	for name, values := range values {
		text += fmt.Sprintf(`---
apiVersion: apps.kubermatic.k8c.io/v1
kind: ApplicationDefinition
metadata: {name: %s}
spec:
  defaultVersion: 1.0.0
  defaultValuesBlock: %q
  versions: [{version: 1.0.0, template: {source: {helm: {url: %q, chartName: web, chartVersion: 1.0.0}}}}]
`, name, values, repository)
	}
	file = filepath.Join(t.TempDir(), "kkp.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestApplicationValuesAreBounded has default values that render to more than there is memory.
func TestApplicationValuesAreBounded(t *testing.T) {
	file := applications(t, repository(t), map[string]string{
		"good":     "tag: v{{ .Cluster.MajorMinorVersion }}",
		"loops":    "tag: '{{ range 300000000 }}{{ end }}'",
		"explodes": "tag: '{{ range 100000000 }}" + strings.Repeat("#", 48) + "{{ end }}'",
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := run(t, "images", "-f", file, "--source", "applications", "-o", "name")
	runtime.ReadMemStats(&after)
	if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 400 {
		t.Errorf("this process allocated %d MiB", allocated)
	}
	if got.code != 3 || !strings.Contains(got.stdout, "quay.io/a/web:v1.34\n") {
		t.Errorf("%d: %s", got.code, got.stdout)
	}
	for _, want := range []string{
		"gap: applications: application loops 1.0.0: rendering takes more than 10s",
		"gap: applications: application explodes 1.0.0: ",
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("%s\nwant %s", got.stderr, want)
		}
	}
}

// TestAddonsAreRenderedByWorkers has an addon that takes more memory than its own bounds know of:
// many values of YAML.
func TestAddonsAreRenderedByWorkers(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"canal":      "kind: Pod\nspec: {containers: [{name: c, image: quay.io/a/canal:1}]}\n",
		"kube-proxy": "a: [{{ $x := repeat 99999 \"0,\" }}{{ range until 80 }}{{ $x }}{{ end }}]\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "f.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := applications(t, "http://127.0.0.1:1", nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := run(t, "images", "-f", file, "--source", "addons", "--addons-path", dir, "--all", "-o", "name")
	runtime.ReadMemStats(&after)
	if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 200 {
		t.Errorf("this process allocated %d MiB", allocated)
	}
	if got.code != 3 || got.stdout != "quay.io/a/canal:1\n" || !strings.Contains(got.stderr, "gap: addons: addon kube-proxy: ") {
		t.Errorf("%d: %s%s", got.code, got.stdout, got.stderr)
	}
}

// TestNoWorkerIsLeft wants the processes that render to end with the work, also where a command
// discovers twice.
func TestNoWorkerIsLeft(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("there is no /proc here")
	}
	file := applications(t, repository(t), map[string]string{"good": "tag: v1"})
	got := run(t, "images", "-f", file, "--source", "applications", "--kkp-version", "v2.30.0", "--diff")
	if got.code != 0 {
		t.Errorf("%d: %s", got.code, got.stderr)
	}
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err == nil && len(text) > 0 { // else the thread has ended
			t.Errorf("processes are left: %s", text)
		}
	}
}
