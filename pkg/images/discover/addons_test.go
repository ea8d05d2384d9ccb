package discover

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// container is a document with a container of an image.
func container(image string) string {
	return "kind: Pod\nspec: {containers: [{image: '" + image + "'}]}\n---\n"
}

// addonsDir has addons as KKP's, with few images.
func addonsDir() map[string]string {
	return map[string]string{
		"canal/canal.yaml":           `{{ if eq .Cluster.CNIPlugin.Type "canal" }}` + container(`{{ Image (print "quay.io/calico/node:" .Cluster.CNIPlugin.Version) }}`) + `{{ end }}`,
		"csi/aws.yaml":               `{{ if and (eq .Cluster.CloudProviderName "aws") (.Cluster.Features.Has "externalCloudProvider") }}` + container(`{{ Image "public.ecr.aws/csi:1" }}`) + `{{ end }}`,
		"csi/vsphere.yaml":           `{{ if eq .Cluster.CloudProviderName "vsphere" }}` + container(`{{ Image "registry.k8s.io/csi-vsphere:1" }}`) + `{{ if .Cluster.CSIMigration }}` + container("quay.io/kubermatic/syncer:1") + `{{ end }}{{ end }}`,
		"csi/azure.yaml":             `{{ $v := "UNSUPPORTED" }}{{ if eq .Cluster.MajorMinorVersion "1.34" }}{{ $v = "v1" }}{{ end }}` + container(`{{ Image (print "mcr/azure:" $v) }}`),
		"kube-proxy/ds.yaml":         container(`{{ Image (print "registry.k8s.io/kube-proxy:v" .Cluster.Version) }}`),
		"multus/ds.yaml":             container(`ghcr.io/multus:{{ .Variables.version | default "none" }}`),
		"unused/ds.yaml":             container("quay.io/acme/unused:1"),
		"openvpn/x.yaml":             "",
		"README.md":                  "no addon",
		"hubble/only-all.yaml":       container("quay.io/cilium/hubble:1"),
		"node-exporter/private.yaml": container("reg.example.com/acme/exporter:1"),
	}
}

func dir(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for path, text := range files {
		fsys[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// withAddons is an installation that has chosen its addons.
func withAddons(version string, providers ...string) kkp.Installation {
	inst := installation(version, providers...)
	inst.Configuration.Spec.UserCluster.Addons.Default = []string{"canal", "csi", "kube-proxy"}
	inst.Configuration.Spec.API.AccessibleAddons = []string{"multus"}
	return inst
}

func addonsOf(t *testing.T, inst kkp.Installation, opts Options) Result {
	t.Helper()
	if opts.Addons.Dir == nil && opts.Addons.Images == nil {
		opts.Addons.Dir = dir(addonsDir())
	}
	opts.Sources = []string{Addons}
	return Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.CE), opts)
}

func TestAddonsOfTheClustersInScope(t *testing.T) {
	got := addonsOf(t, withAddons("1.34.9", "aws", "vsphere"), upstream(Options{}))
	want := []string{
		"docker.io/mcr/azure:v1", "ghcr.io/multus:none", "public.ecr.aws/csi:1", "quay.io/calico/node:v3.31",
		"registry.k8s.io/csi-vsphere:1", "registry.k8s.io/kube-proxy:v1.34.9",
	}
	// The default CNI of a new cluster is cilium, which Canal's addon has nothing for.
	if diff := cmp.Diff(want, names(got.Inventory)); diff != "" || len(got.Gaps) != 0 || len(got.Notes) != 0 {
		t.Error(got.Gaps, got.Notes, diff)
	}
	reasons := map[string]images.Image{}
	for _, img := range got.Images {
		reasons[img.Ref.Repository] = img
	}
	aws := reasons["csi"]
	if diff := cmp.Diff([]images.Reason{{Source: Addons, Component: "csi", Cluster: "aws-seed", Condition: "aws"}}, aws.Reasons); diff != "" {
		t.Error(diff)
	}
	if aws.Upstream != images.UpstreamMissing || reasons["csi-vsphere"].Upstream != "" || reasons["kube-proxy"].Upstream != "" {
		t.Errorf("%+v", reasons)
	}
	if got := reasons["kube-proxy"].Reasons[0].Condition; got != "Kubernetes 1.34" {
		t.Error(got)
	}
}

func TestAllAddons(t *testing.T) {
	got := addonsOf(t, withAddons("1.34.9", "aws"), upstream(Options{All: true, Versions: constraint(t, ">=1.34.9 <1.36")}))
	for _, part := range []string{"node:v3.31", "node:v3.21", "hubble:1", "unused:1", "kube-proxy:v1.35.7", "csi-vsphere"} {
		if !has(got.Inventory, part) {
			t.Errorf("%s is missing", part)
		}
	}
	if has(got.Inventory, "UNSUPPORTED") || has(got.Inventory, "syncer") || has(got.Inventory, "kube-proxy:v1.33") {
		t.Error(names(got.Inventory))
	}
	note := "addon csi has no image docker.io/mcr/azure:UNSUPPORTED, which is for Kubernetes 1.35: it is left out"
	if len(got.Notes) != 1 || got.Notes[0] != note {
		t.Error(got.Notes)
	}
}

func TestAddonsOfLiveClusters(t *testing.T) {
	inst := withAddons("1.34.9", "aws", "vsphere")
	inst.Seeds[1].Clusters[0].Addons = []kkp.Addon{{Name: "unused"}, {Name: "multus", Variables: map[string]any{"version": "7"}}, {Name: "gone"}}
	inst.Seeds[1].Clusters[0].CSIMigration = true
	inst.Unread = []kkp.Unread{{Part: kkp.PartAddons, Subject: "seed x", Err: errors.New("forbidden")}}
	got := addonsOf(t, inst, upstream(Options{}))
	for _, part := range []string{"unused:1", "multus:7", "multus:none", "syncer:1"} {
		if !has(got.Inventory, part) {
			t.Errorf("%s is missing in %v", part, names(got.Inventory))
		}
	}
	want := []images.Gap{
		{Source: Addons, Subject: "addon gone", Error: "not found in the directory of --addons-path"},
		{Source: Addons, Subject: "seed x", Error: "forbidden"},
	}
	if diff := cmp.Diff(want, got.Gaps); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultManifests(t *testing.T) {
	inst := withAddons("1.34.9", "aws")
	inst.Configuration.Spec.UserCluster.Addons.DefaultManifests = `apiVersion: v1
kind: List
items:
- apiVersion: kubermatic.k8c.io/v1
  kind: Addon
  metadata: {name: multus}
  spec: {variables: {version: "9"}}
`
	got := addonsOf(t, inst, upstream(Options{}))
	if diff := cmp.Diff([]string{"ghcr.io/multus:9"}, names(got.Inventory)); diff != "" || len(got.Gaps) != 0 {
		t.Error(got.Gaps, diff)
	}
	inst.Configuration.Spec.UserCluster.Addons.DefaultManifests = "kind: ["
	got = addonsOf(t, inst, upstream(Options{}))
	if len(got.Gaps) != 1 || !strings.Contains(got.Gaps[0].Error, "spec.userCluster.addons.defaultManifests") {
		t.Error(got.Gaps)
	}
}

func TestBrokenAddonsLeaveTheOthers(t *testing.T) {
	files := addonsDir()
	files["csi/broken.yaml"] = "\n{{ if"
	files["multus/loop.yaml"] = "{{ range 1000000000 }}{{ end }}"
	files["canal/bomb.yaml"] = "a: &a [*a]"
	got := addonsOf(t, withAddons("1.34.9", "aws"), upstream(Options{Addons: AddonSource{Dir: dir(files)}}))
	if !has(got.Inventory, "calico/node") || !has(got.Inventory, "public.ecr.aws/csi") || !has(got.Inventory, "multus") {
		t.Error(names(got.Inventory))
	}
	var gaps []string
	for _, gap := range got.Gaps {
		gaps = append(gaps, gap.String())
	}
	for i, want := range []string{
		"addons: addon canal, file canal/bomb.yaml: the rendered text is not YAML: document 1, line 1: nested deeper than 256 levels (for Kubernetes 1.34.9, aws, canal v3.31)",
		"addons: addon csi, file csi/broken.yaml: csi/broken.yaml:2:",
		"addons: addon multus, file multus/loop.yaml: multus/loop.yaml:1: more than 200000 rounds of loops",
	} {
		if i >= len(gaps) || !strings.HasPrefix(gaps[i], want) {
			t.Errorf("no %q in\n%s", want, strings.Join(gaps, "\n"))
		}
	}
}

// registry has the addons images of a test by their reference.
type registry map[string]map[string]string

func (r registry) Files(_ context.Context, ref images.Ref, dir string, keep func(string) bool) (map[string][]byte, map[string]error, error) {
	found, ok := r[ref.String()]
	if !ok || dir != "addons" {
		return nil, nil, errors.New("unreachable")
	}
	files, refused := map[string][]byte{}, map[string]error{}
	for path, text := range found {
		switch {
		case text == "refused":
			refused[path] = errors.New("too large")
		case keep(path):
			files[path] = []byte(text)
		}
	}
	return files, refused, nil
}

func TestWhereAddonsAreRead(t *testing.T) {
	const (
		original = "quay.io/kubermatic/addons:v2.31.0"
		mirrored = "reg.example.com/kkp/addons:v2.31.0"
		own      = "reg.example.com/acme/my-addons:v2.31.0"
	)
	some := map[string]string{"canal/x.yaml": container("quay.io/a/b:1"), "csi/x.yaml": "refused", "kube-proxy/x.yaml": "", "multus/x.yaml": ""}
	for name, test := range map[string]struct {
		repository, suffix, image string
		keep                      bool // repository overrides
		has                       []string
		listed                    string // the addons image, "" if none could be read
		missing                   bool   // upstream
		gap, note                 string // a part of one
	}{
		"KKP's own":         {has: []string{original}, listed: original},
		"a copy":            {repository: "reg.example.com/kkp/addons", has: []string{mirrored}, listed: original},
		"a copy, kept":      {repository: "reg.example.com/kkp/addons", keep: true, has: []string{mirrored}, listed: mirrored},
		"a copy is gone":    {repository: "reg.example.com/kkp/addons", has: []string{original}, listed: original, note: "the addons are read from " + original},
		"an own image":      {repository: "reg.example.com/acme/my-addons", has: []string{own, original}, listed: own, missing: true},
		"an own one's gone": {repository: "reg.example.com/acme/my-addons", has: []string{original}, listed: original, gap: "the addons of " + original + " are listed instead"},
		"a suffix":          {suffix: "acme", has: []string{original + "-acme", original}, listed: original + "-acme", missing: true},
		"a flag":            {image: own, has: []string{own, original}, listed: own, missing: true},
		"a flag for none":   {image: own, has: []string{original}, gap: "addons image " + own + ": unreachable; read the addons from elsewhere with --addons-path"},
		"none":              {gap: "addons image " + original + ": unreachable; read the addons from elsewhere with --addons-path"},
	} {
		inst := withAddons("1.34.9", "aws")
		setField(t, &inst, test.repository, test.suffix)
		images := registry{}
		for _, ref := range test.has {
			images[ref] = some
		}
		got := addonsOf(t, inst, Options{IgnoreOverrides: !test.keep, Addons: AddonSource{Images: images, Image: test.image}})
		gaps := ""
		for _, gap := range got.Gaps {
			gaps += gap.String() + "\n"
		}
		want := []string{"quay.io/a/b:1", test.listed}
		slices.Sort(want)
		if test.listed == "" {
			want = nil
		} else if !strings.Contains(gaps, "addon csi, file csi/x.yaml: too large") {
			t.Errorf("%s: %s", name, gaps)
		}
		if diff := cmp.Diff(want, names(got.Inventory)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if !strings.Contains(gaps, test.gap) || !strings.Contains(strings.Join(got.Notes, "\n"), test.note) {
			t.Errorf("%s: gaps %s notes %s", name, gaps, got.Notes)
		}
		for _, img := range got.Images {
			if img.Ref.String() == test.listed && (img.Upstream != "") != test.missing {
				t.Errorf("%s: %s is %q upstream", name, img.Ref, img.Upstream)
			}
		}
	}
}

// setField makes the configuration one with a repository and a suffix for the addons image.
func setField(t *testing.T, inst *kkp.Installation, repository, suffix string) {
	t.Helper()
	addons := map[string]any{"dockerRepository": repository, "dockerTagSuffix": suffix, "default": []any{"canal", "csi", "kube-proxy"}}
	loaded, err := kkp.FromObjects([]*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": "KubermaticConfiguration",
		"metadata": map[string]any{"name": "kubermatic", "namespace": "kubermatic"},
		"spec": map[string]any{
			"userCluster": map[string]any{"addons": addons}, "api": map[string]any{"accessibleAddons": []any{"multus"}},
			"versions": map[string]any{"default": "v1.34.9"},
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	inst.Configuration = loaded.Configuration
}

func TestAddonsUnderOverriddenNames(t *testing.T) {
	inst := withAddons("1.34.9", "vsphere")
	inst.Configuration.Spec.UserCluster.OverwriteRegistry = "reg.example.com"
	inst.Configuration.Spec.API.AccessibleAddons = []string{"multus", "node-exporter"}
	got := addonsOf(t, inst, Options{})
	if !has(got.Inventory, "reg.example.com/csi-vsphere:1") || !has(got.Inventory, "ghcr.io/multus:none") {
		t.Error("only what passes through Image is rewritten:", names(got.Inventory))
	}
	got = addonsOf(t, inst, upstream(Options{}))
	if !has(got.Inventory, "registry.k8s.io/csi-vsphere:1") || len(got.Gaps) != 1 || got.Gaps[0].Subject != "reg.example.com/acme/exporter:1" {
		t.Error(got.Gaps, names(got.Inventory))
	}
}
