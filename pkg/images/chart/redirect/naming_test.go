package redirect_test

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

const template = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"{{ .Values.image }}\"}]}\n"

// overridden is a release whose values move the chart's image to another registry, so that its
// upstream name takes a rendering without these values.
func overridden(t *testing.T) (*chart.Chart, chart.InstalledRelease) {
	t.Helper()
	found := chart.InFiles(map[string][]byte{
		"c/Chart.yaml": []byte("apiVersion: v2\nname: small\nversion: 1.2.3\n"), "c/values.yaml": []byte("image: quay.io/a/b:1\n"), "c/templates/pod.yaml": []byte(template),
	})
	if len(found) != 1 || found[0].Err != nil {
		t.Fatalf("%+v", found)
	}
	return found[0].Chart, chart.InstalledRelease{
		ReleaseOptions: chart.ReleaseOptions{Release: "r", Namespace: "n", Kubernetes: "v1.34.0"}, Config: map[string]any{"image": "old.corp/x/c:2"},
		Manifests: []string{strings.ReplaceAll(template, "{{ .Values.image }}", "old.corp/x/c:2")},
	}
}

// renderer fails, or takes its time, when it renders without the values of the release.
type renderer struct {
	chart.Renderer
	upstream error         // of the rendering with the chart's own image
	cancel   func()        // called then, nil for none
	takes    time.Duration // for each rendering
	renders  int
}

func (r *renderer) Texts(ctx context.Context, c *chart.Chart, values map[string]any, target chart.ReleaseOptions) (map[string]string, error) {
	r.renders++
	time.Sleep(r.takes)
	if values["image"] != "old.corp/x/c:2" && (r.upstream != nil || r.cancel != nil) {
		if r.cancel != nil {
			r.cancel()
		}
		return nil, cmp.Or(r.upstream, ctx.Err())
	}
	return r.Renderer.Texts(ctx, c, values, target)
}

func find(ctx context.Context, t *testing.T, r *renderer) (redirect.Redirection, error) {
	t.Helper()
	c, release := overridden(t)
	return redirect.Find(ctx, r, c, release, images.Target{Registry: "reg.corp"})
}

// TestNamingKeepsTheBounds takes more time for the first renderings than there is for all: the
// rendering that names images is not begun any more.
func TestNamingKeepsTheBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &renderer{takes: 61 * time.Second}
		_, err := find(t.Context(), t, r)
		var limit *trace.LimitError
		if !errors.As(err, &limit) || r.renders != 2 {
			t.Errorf("got %v after %d renderings", err, r.renders)
		}
	})
}

// TestNamingTellsWhyItFailed wants the error of the rendering that names images in the reason.
func TestNamingTellsWhyItFailed(t *testing.T) {
	found, err := find(t.Context(), t, &renderer{upstream: errors.New("a value is required")})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Images) != 1 || found.Images[0].State != redirect.Left || !strings.Contains(found.Images[0].Reason, "a value is required") {
		t.Errorf("got %+v", found.Images)
	}
}

// TestNamingIsInterrupted ends the context in the rendering that names images.
func TestNamingIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := find(ctx, t, &renderer{cancel: cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
