package plugin_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// oneVersion is a KubermaticConfiguration with one Kubernetes version.
const oneVersion = `{"apiVersion":"kubermatic.k8c.io/v1","kind":"KubermaticConfiguration","metadata":{"name":"kubermatic","namespace":"kubermatic"},
"spec":{"versions":{"default":"v1.34.9","versions":["v1.34.9"]}%s},"status":{"kubermaticVersion":"v2.31.0","kubermaticEdition":"CE"}}`

// heads answers HEAD requests for manifests with a digest of their path below a prefix, and of what
// other returns for the path.
func heads(prefix string, other func(path string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path, ok := strings.CutPrefix(r.URL.Path, prefix)
		switch {
		case !ok || !strings.Contains(path, "/manifests/"):
		case r.Method == http.MethodHead:
			w.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(path+other(path)))))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

func same(string) string { return "" }

// hostOf starts a registry, and returns its host.
func hostOf(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// mute are registries that accept requests and never answer. The registries count their requests.
type mute struct {
	end      chan struct{}
	asked    atomic.Int64
	open     atomic.Int64 // requests that wait for their answer
	together atomic.Bool  // two requests have waited at the same time
}

func (m *mute) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	m.asked.Add(1)
	if m.open.Add(1) == 2 {
		m.together.Store(true)
	}
	defer m.open.Add(-1)
	select {
	case <-m.end:
	case <-r.Context().Done():
	}
}

// closed is the host of a registry that does not run any more.
func closed(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// compared are the findings of a CheckReport that compare the mirror with the sources, each in a line.
func compared(t *testing.T, report string) []string {
	t.Helper()
	var read check.Report
	if err := json.Unmarshal([]byte(report), &read); err != nil {
		t.Fatalf("%v: %s", err, report)
	}
	var lines []string
	for _, section := range read.Sections {
		for _, f := range section.Findings {
			switch f.ID {
			case "mirror.source":
				lines = append(lines, string(f.Status)+" "+f.Subject+": "+f.Reason)
			case "mirror.source-different":
				lines = append(lines, string(f.Status)+" "+f.Subject)
			}
		}
	}
	return lines
}

// TestSourcesAreComparedAtTheSameTime compares a mirror with sources of which one has other content,
// two never answer, one cannot be reached, and one lacks its images. Each failure concerns the images of
// its source only, and what was started has ended.
func TestSourcesAreComparedAtTheSameTime(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("check", func(t *testing.T) { // the servers end with the inner test
		newer := func(path string) string { return path[:strings.Index(path, "pause/manifests/3.10")+1] }
		silent := &mute{end: make(chan struct{})}
		mirror, quay, k8s := hostOf(t, heads("/v2/kkp/", same)), hostOf(t, heads("/v2/", same)), hostOf(t, heads("/v2/", newer))
		hub, ghcr, gone, none := hostOf(t, silent), hostOf(t, silent), closed(t), hostOf(t, http.NotFoundHandler())
		t.Cleanup(func() { close(silent.end) })
		got := run(t, "check", mirror+"/kkp", "--kubeconfig", master(t, fmt.Sprintf(oneVersion, "")), "--only", "mirror", "--compare-sources", "-o", "json",
			"--registry-map", "quay.io="+quay, "--registry-map", "registry.k8s.io="+k8s, "--registry-map", "docker.io="+hub,
			"--registry-map", "ghcr.io="+ghcr, "--registry-map", "mcr.microsoft.com="+gone, "--registry-map", "*="+none)
		if n := silent.asked.Load(); n != 2 || !silent.together.Load() {
			t.Errorf("the two silent registries were asked %d times, at the same time: %t", n, silent.together.Load())
		}
		want := []string{
			"not ready registry.k8s.io/pause:3.10.1",
			"ok 68 images and charts: have the digest of their source",
			"warning anx-cr.io/anexia/anx-cloud-controller-manager:1.5.9 and 1 more: not compared with the source: reaching " + none + ": 404 not found",
			"warning docker.io/digitalocean/digitalocean-cloud-controller-manager:v0.1.67 and 6 more: not compared with the source: " + hub + " cannot be reached from here",
			"warning ghcr.io/flatcar/flatcar-linux-update-operator:v0.9.0: not compared with the source: " + ghcr + " cannot be reached from here",
			"warning mcr.microsoft.com/oss/v2/kubernetes/azure-cloud-controller-manager:v1.34.13: not compared with the source: " + gone + " cannot be reached from here",
		}
		if diff := cmp.Diff(want, compared(t, got.stdout)); diff != "" || got.code != 3 {
			t.Errorf("exit code %d: %s\n%s", got.code, diff, got.stderr)
		}
	})
}
