package discover_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// configuration is a plain KubermaticConfiguration of one Kubernetes version.
const configuration = `
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata: {name: kubermatic, namespace: kubermatic}
spec:
  versions: {default: v1.34.9, versions: [v1.34.9]}
`

// fromFiles makes an installation of documents in YAML.
func fromFiles(t *testing.T, documents ...string) kkp.Installation {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(strings.Join(documents, "\n---\n"))), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
	inst, err := kkp.FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// live makes an installation one that runs, with everything in it known.
func live(inst kkp.Installation, version, edition string) kkp.Installation {
	inst.Live, inst.Version, inst.Edition = true, version, edition
	inst.Applications.InstallationsUnknown = nil
	for i := range inst.Seeds {
		inst.Seeds[i].Read = true
	}
	return inst
}

func open(t *testing.T, version string, edition catalog.Edition) *catalog.Release {
	t.Helper()
	release, err := catalog.Open(version, edition)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// charts renders every chart to an image of its name and version.
type charts struct {
	local, bundled []discover.Chart
	bundleErr      error
	gone           string // the chart that cannot be pulled
}

func (c *charts) Installed(_ context.Context, release kkp.HelmRelease, _ kkp.API, _ bool) (discover.Rendered, error) {
	return refers("ghcr.io/today/" + release.Name + ":1"), nil
}

func (c *charts) Local() []discover.Chart { return c.local }

func (c *charts) Bundled(context.Context, images.Ref) ([]discover.Chart, error) {
	return c.bundled, c.bundleErr
}

func (c *charts) Pull(_ context.Context, source kkp.ChartSource) (discover.Chart, error) {
	if c.gone == "*" || source.Name == c.gone {
		return discover.Chart{}, errors.New("it is gone")
	}
	return discover.Chart{Name: source.Name, Version: source.Version, Render: func(_ context.Context, how discover.RenderOptions) (discover.Rendered, error) {
		tag := strings.ReplaceAll(source.Version, "+", "_")
		if image, ok := how.Values["image"].(map[string]any); ok && source.Name == "cluster-autoscaler" {
			tag, _ = image["tag"].(string)
		}
		found := refers("docker.io/rendered/" + source.Name + ":" + tag)
		if envoy, ok := how.Values["envoy"].(map[string]any); ok && envoy["enabled"] == true {
			found.Hits = append(found.Hits, refers("docker.io/rendered/envoy:"+tag).Hits...)
		}
		return found, nil
	}}, nil
}

func refers(references ...string) discover.Rendered {
	var rendered discover.Rendered
	for _, reference := range references {
		rendered.Hits = append(rendered.Hits, manifest.Hit{Reference: reference, Object: "Deployment d", Path: "spec"})
	}
	return rendered
}

func names(inv images.Inventory) []string {
	var refs []string
	for _, img := range inv.Images {
		refs = append(refs, img.Ref.String())
	}
	return refs
}

// remarks are the gaps and notes of an inventory.
func remarks(inv images.Inventory) string {
	lines := append([]string{}, inv.Notes...)
	for _, gap := range inv.Gaps {
		lines = append(lines, gap.String())
	}
	return strings.Join(lines, "\n")
}
