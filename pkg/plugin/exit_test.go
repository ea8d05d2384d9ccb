package plugin_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin"
)

func TestExitCodes(t *testing.T) {
	const gaps = `{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"quay.io/a/b:1"}],"gaps":[{"source":"charts","subject":"dex","error":"none"}]}`
	list := file(t, "gaps.json", gaps)
	for command, want := range map[string]int{
		"version": 0,
		"sync registry.example.com --load-from " + list: 1,
		"version now":      2,
		"sync --jobs none": 2,
		"sync oci:" + t.TempDir() + " --dry-run=client --images " + list: 3,
	} {
		if got := run(t, strings.Fields(command)...); got.code != want {
			t.Errorf("%s: got %d, want %d\n%s", command, got.code, want, got.stderr)
		}
	}
}

// TestInterruptIsTheExitCodeOfEveryError interrupts a command while a request waits for its answer.
func TestInterruptIsTheExitCodeOfEveryError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	list := file(t, "images.json", `{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"quay.io/a/b:1"}]}`)
	target := strings.TrimPrefix(server.URL, "http://")
	var errOut bytes.Buffer
	code := plugin.Main(ctx, []string{"sync", target, "--images", list, "--plain-http", target},
		genericiooptions.IOStreams{In: strings.NewReader(""), Out: &bytes.Buffer{}, ErrOut: &errOut})
	if code != 130 || !strings.Contains(errOut.String(), "interrupted") {
		t.Errorf("got %d: %s", code, errOut.String())
	}
}
