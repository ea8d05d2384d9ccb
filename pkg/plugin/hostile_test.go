package plugin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// hostile deletes the line above, rings, sets the title, fills the clipboard, goes back to
// the beginning of the line, turns the direction around, and hides.
const hostile = "\x1b[1A\x1b[2Kall \u009b31mfine\a\x1b]0;title\a\x1b]52;c;cm0=\x1b\\\rverified\u202egnp.exe\u200b"

// shown is the beginning of hostile as it is printed.
const shown = `\u001b[1A\u001b[2Kall `

// outcome is what a command printed.
type outcome struct {
	code           int
	stdout, stderr string
}

// run runs a command. Whatever it prints has to be text.
func run(t *testing.T, args ...string) outcome {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out, errOut bytes.Buffer
	code := plugin.Main(t.Context(), args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	for name, text := range map[string]string{"stdout": out.String(), "stderr": errOut.String()} {
		if i := strings.IndexFunc(text, isDangerous); i >= 0 {
			t.Errorf("%s is more than text, from byte %d on: %q", name, i, text)
		}
	}
	return outcome{code, out.String(), errOut.String()}
}

func isDangerous(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// quoted is a string as JSON and YAML have it.
func quoted(text string) string {
	data, _ := json.Marshal(text)
	return terminal.Escape(string(data))
}

func TestHostileRegistry(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
			return
		}
		w.Header().Set("Docker-Distribution-Api-Version", "registry\u202egnp")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%s}]}`, quoted(hostile))
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	list := file(t, "images.json", `{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"quay.io/a/b:1"}]}`)
	report := filepath.Join(t.TempDir(), "report.json")
	args := []string{"--images", list, "--registry-map", "*=" + host, "--report", report}

	got := run(t, append([]string{"sync", "oci:" + t.TempDir(), "-v", "8"}, args...)...)
	if got.code != 3 || !strings.Contains(got.stderr, shown) || !strings.Contains(got.stderr, `registry\u202egnp`) {
		t.Errorf("exit code %d; the error and the trace should have the message:\n%s", got.code, got.stderr)
	}
	for _, format := range []string{"json", "yaml"} {
		got = run(t, append([]string{"sync", "oci:" + t.TempDir(), "-o", format}, args...)...)
		if got.code != 3 || !strings.Contains(got.stdout, `\u001b[1A`) && !strings.Contains(got.stdout, `\e[1A`) {
			t.Errorf("-o %s: exit code %d:\n%s", format, got.code, got.stdout)
		}
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) || !strings.Contains(string(data), shown) || bytes.ContainsFunc(data, isDangerous) {
		t.Errorf("the report is\n%s", data)
	}
}

func TestHostileCluster(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Warning", `299 - "kept \u202e`+"\u202e"+`gnp"`)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":%s}`, quoted(hostile))
	}))
	defer server.Close()
	kubeconfig := file(t, "kubeconfig", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a}}]}`, server.URL))
	for _, args := range [][]string{
		{"images"}, {"images", "-v", "8"}, {"patch-config", "reg.example.com"}, {"patch-helm", "reg.example.com"}, {"check", "reg.example.com"},
	} {
		got := run(t, append(args, "--kubeconfig", kubeconfig)...)
		if got.code == 0 || !strings.Contains(got.stderr, `\u001b[1A`) && !strings.Contains(got.stderr, `\x1b[1A`) {
			t.Errorf("%q: exit code %d:\n%s", args, got.code, got.stderr)
		}
	}
}

// Libraries log what servers say. It goes to where messages go, each once.
func TestHostileLog(t *testing.T) {
	var out, errOut bytes.Buffer
	plugin.Main(t.Context(), []string{"version"}, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	defer plugin.Main(t.Context(), []string{"version"}, genericiooptions.IOStreams{In: os.Stdin, Out: io.Discard, ErrOut: os.Stderr})
	log.Print("one " + hostile)
	klog.Warning("two " + hostile)
	klog.Error("three " + hostile)
	for _, word := range []string{"one", "two", "three"} {
		if n := strings.Count(errOut.String(), word+" "+shown); n != 1 {
			t.Errorf("%q is there %d times: %q", word, n, errOut.String())
		}
	}
	if strings.ContainsFunc(errOut.String(), isDangerous) {
		t.Errorf("more than text: %q", errOut.String())
	}
}

func TestHostileObjects(t *testing.T) {
	objects := file(t, "objects.yaml", fmt.Sprintf(`
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata: {name: kubermatic, namespace: kubermatic}
spec: {mirrorImages: [%[1]s, "quay.io/a/b:1"]}
---
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: kubermatic, labels: {app: %[1]s}}
spec: {containers: [{name: %[1]s, image: "quay.io/a/c:1"}, {name: b, image: %[1]s}]}
`, quoted(hostile)))
	for _, output := range [][]string{nil, {"-o", "wide"}, {"-o", "json"}, {"-o", "yaml"}, {"-o", "jsonpath={..component}{..subject}{..error}"}, {"quay.io/a/c:1"}} {
		args := append([]string{"images", "-f", objects, "--kkp-version", "v2.31.0", "--edition", "ce", "--source", "configured,running"}, output...)
		got := run(t, args...)
		if !strings.Contains(got.stdout+got.stderr, `\u001b[1A`) {
			t.Errorf("%q: exit code %d:\n%s\n%s", output, got.code, got.stdout, got.stderr)
		}
	}
}
