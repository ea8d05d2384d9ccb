package discover

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func release(t testing.TB, version string, edition catalog.Edition) *catalog.Release {
	t.Helper()
	rel, err := catalog.Open(version, edition)
	if err != nil {
		t.Fatal(err)
	}
	return rel
}

// installation is one with a Seed for each provider and a cluster of a version on each.
func installation(version string, providers ...string) kkp.Installation {
	inst := kkp.Installation{Live: true}
	for _, provider := range providers {
		inst.Seeds = append(inst.Seeds, kkp.Seed{
			Name: provider + "-seed", Read: true,
			Datacenters: []kkp.Datacenter{{Name: provider + "-dc", Provider: provider}},
			Clusters:    []kkp.Cluster{{Name: "c", Provider: provider, Versions: []string{version}, CNI: "canal v3.31", Konnectivity: true}},
		})
	}
	inst.Configuration.Spec.Versions.Default = "v" + version
	return inst
}

func names(inv images.Inventory) []string {
	var refs []string
	for _, img := range inv.Images {
		refs = append(refs, img.Ref.String())
	}
	return refs
}

func has(inv images.Inventory, part string) bool {
	return slices.ContainsFunc(names(inv), func(ref string) bool { return strings.Contains(ref, part) })
}

func upstream(opts Options) Options {
	opts.IgnoreOverrides = true
	return opts
}

func TestOnlyWhatIsInUse(t *testing.T) {
	got := Inventory(t.Context(), installation("1.34.9", "aws", "vsphere"), release(t, "v2.31.0", catalog.CE), upstream(Options{}))
	for _, part := range []string{"provider-aws", "cloud-provider-vsphere:v1.34", "kube-apiserver:v1.34.9"} {
		if !has(got.Inventory, part) {
			t.Errorf("%s is missing", part)
		}
	}
	for _, part := range []string{"openstack", "azure", "hetzner", "gcp", "nutanix", "anexia", "kubevirt", "1.35.", "v1.33.", "kubeletdnat", "vpa-", "grafana"} {
		if has(got.Inventory, part) {
			t.Errorf("%s is not in use", part)
		}
	}
	if diff := cmp.Diff(Summary{Kubernetes: []string{"1.34.9"}, Providers: []string{"aws", "vsphere"}}, got.Scope); diff != "" {
		t.Error(diff)
	}
	if len(got.Gaps) != 0 {
		t.Error(got.Gaps)
	}
}

func TestReasonsNameTheClusterAndTheCondition(t *testing.T) {
	got := Inventory(t.Context(), installation("1.34.9", "aws", "vsphere"), release(t, "v2.31.0", catalog.CE), upstream(Options{}))
	got.Inventory = got.Where(func(img images.Image) bool { return img.Ref.Matches("cloud-provider-vsphere") })
	want := []images.Reason{{Source: Components, Component: "vsphere-cloud-controller-manager", Cluster: "vsphere-seed", Condition: "Kubernetes 1.34, vsphere"}}
	if len(got.Images) != 1 || !cmp.Equal(want, got.Images[0].Reasons) {
		t.Errorf("%+v", got.Images)
	}
}

func TestNothingKnownNarrowsNothing(t *testing.T) {
	rel := release(t, "v2.31.0", catalog.EE)
	some := Inventory(t.Context(), kkp.Installation{}, rel, upstream(Options{}))
	all := Inventory(t.Context(), kkp.Installation{}, rel, upstream(Options{All: true}))
	for _, part := range []string{"provider-aws", "openstack", "kube-apiserver:v1.33.0", "kube-apiserver:v1.36.3", "metering"} {
		if !has(some.Inventory, part) {
			t.Errorf("%s is missing, though no Seed says that it is not used", part)
		}
	}
	if left := some.Without(all.Inventory); len(left.Images) != 0 {
		t.Errorf("--all lacks %v", names(left))
	}
}

func TestSettingsThatAreOff(t *testing.T) {
	inst := installation("1.34.9", "aws")
	off := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.EE), upstream(Options{}))
	inst.Seeds[0].MLA, inst.Seeds[0].Metering = true, true
	inst.Seeds[0].Clusters[0].Konnectivity = false
	inst.Configuration.Spec.FeatureGates = map[string]bool{"VerticalPodAutoscaler": true, "UserClusterMLA": true}
	on := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.EE), upstream(Options{}))
	for _, part := range []string{"vpa-updater", "grafana/agent", "kubermatic/metering", "kubeletdnat-controller"} {
		if has(off.Inventory, part) || !has(on.Inventory, part) {
			t.Errorf("%s: off %t, on %t", part, has(off.Inventory, part), has(on.Inventory, part))
		}
	}
	inst.Configuration.Spec.FeatureGates["HeadlessInstallation"] = true
	if headless := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.EE), upstream(Options{})); has(headless.Inventory, "dashboard-ee") {
		t.Error("a headless installation has no dashboard")
	}
}

// TestEveryFeatureIsDecided keeps the names of the catalog and those here together.
func TestEveryFeatureIsDecided(t *testing.T) {
	for _, version := range catalog.Supported() {
		for _, edition := range []catalog.Edition{catalog.CE, catalog.EE} {
			f := finder{release: release(t, version, edition)}
			decided := f.features(kkp.Seed{})
			for _, feature := range f.release.Features() {
				if _, ok := decided[feature]; !ok {
					t.Errorf("%s %s: nobody decides whether %q is on; known are %v", version, edition, feature, slices.Sorted(maps.Keys(decided)))
				}
			}
		}
	}
}

func TestOfferedVersions(t *testing.T) {
	rel := release(t, "v2.31.0", catalog.CE)
	for name, test := range map[string]struct {
		change func(*kkp.Installation)
		opts   Options
		want   []string
	}{
		"in use, and the default":      {func(i *kkp.Installation) { i.Configuration.Spec.Versions.Default = "" }, Options{}, []string{"1.34.9", rel.DefaultKubernetes()}},
		"what the configuration lists": {func(i *kkp.Installation) { i.Configuration.Spec.Versions.Versions = []string{"v1.33.0", "1.34.42"} }, Options{}, []string{"1.33.0", "1.34.9", "1.34.42"}},
		"during an upgrade":            {func(i *kkp.Installation) { i.Seeds[0].Clusters[0].Versions = []string{"1.35.7", "1.34.9"} }, Options{}, []string{"1.34.9", "1.35.7"}},
		"a seed that cannot be read":   {func(i *kkp.Installation) { i.Seeds[0].Read, i.Seeds[0].Clusters = false, nil }, Options{}, rel.Kubernetes()},
		"filtered":                     {func(*kkp.Installation) {}, Options{All: true, Versions: constraint(t, "~1.36")}, []string{"1.36.3"}},
	} {
		inst := installation("1.34.9", "aws")
		test.change(&inst)
		got := Inventory(t.Context(), inst, rel, upstream(test.opts)).Scope
		if diff := cmp.Diff(test.want, got.Kubernetes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(got, ScopeOf(inst, rel, upstream(test.opts))); diff != "" {
			t.Errorf("%s: without discovery: %s", name, diff)
		}
	}
}

func constraint(t *testing.T, text string) *semver.Constraints {
	t.Helper()
	c, err := semver.NewConstraint(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestProviderFilter(t *testing.T) {
	got := Inventory(t.Context(), kkp.Installation{}, release(t, "v2.31.0", catalog.CE), upstream(Options{All: true, Providers: []string{"aws"}}))
	if !has(got.Inventory, "provider-aws") || has(got.Inventory, "vsphere") || !has(got.Inventory, "kubermatic/kubermatic:v2.31.0") {
		t.Error(names(got.Inventory))
	}
	if diff := cmp.Diff([]string{"aws"}, got.Scope.Providers); diff != "" {
		t.Error(diff)
	}
}

func TestUnreadPartsAreGapsOfTheirSource(t *testing.T) {
	inst := installation("1.34.9", "aws")
	inst.Unread = []kkp.Unread{
		{Part: kkp.PartClusters, Subject: "seed x", Err: errors.New("down")},
		{Part: kkp.PartPods, Subject: "namespace y", Err: errors.New("forbidden")},
		{Part: kkp.PartInstalled, Subject: "user cluster z", Err: errors.New("no answer")},
	}
	rel := release(t, "v2.31.0", catalog.CE)
	want := []images.Gap{
		{Source: Applications, Subject: "user cluster z", Error: "no answer", Effect: "every version of its applications is listed"},
		{Source: Components, Subject: "seed x", Error: "down"},
		{Source: Running, Subject: "namespace y", Error: "forbidden"},
	}
	if diff := cmp.Diff(want, Inventory(t.Context(), inst, rel, upstream(Options{})).Gaps); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[2:], Inventory(t.Context(), inst, rel, upstream(Options{Sources: []string{Running}})).Gaps); diff != "" {
		t.Error("a source that is not asked has no gaps:", diff)
	}
}

func TestConfigured(t *testing.T) {
	inst := installation("1.34.9", "kubevirt")
	spec := &inst.Configuration.Spec
	spec.MirrorImages = []string{"alpine:3.20", "not a reference"}
	spec.SeedController.BackupStoreContainer = "name: store\nimage: ghcr.io/acme/backup:1"
	spec.SeedController.BackupDeleteContainer = "{"
	inst.Seeds[0].Datacenters[0].PauseImage = "registry.example.com/pause:3.10"
	inst.Seeds[0].Datacenters[0].DiskImages = []string{"quay.io/disks/ubuntu:24.04"}
	got := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.CE), upstream(Options{Sources: []string{Configured}}))
	want := []string{"docker.io/library/alpine:3.20", "ghcr.io/acme/backup:1", "quay.io/disks/ubuntu:24.04", "registry.example.com/pause:3.10"}
	if diff := cmp.Diff(want, names(got.Inventory)); diff != "" {
		t.Error(diff)
	}
	var subjects []string
	for _, gap := range got.Gaps {
		subjects = append(subjects, gap.Subject)
	}
	if diff := cmp.Diff([]string{"spec.mirrorImages", "spec.seedController.backupDeleteContainer"}, subjects); diff != "" {
		t.Error(diff)
	}
	components := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.CE), upstream(Options{Sources: []string{Components}}))
	if has(components.Inventory, "s3cmd") {
		t.Error("both backup containers are replaced, so KKP's own is not needed")
	}
}

func TestCatalogNeverFillsTheInventoryWithAliens(t *testing.T) {
	for _, version := range catalog.Supported() {
		got := Inventory(t.Context(), kkp.Installation{}, release(t, version, catalog.EE), upstream(Options{All: true}))
		if len(got.Gaps) != 0 {
			t.Errorf("%s: %v", version, got.Gaps)
		}
		for _, img := range got.Images {
			if len(img.Reasons) == 0 {
				t.Errorf("%s: %s has no reason", version, img.Ref)
			}
		}
	}
}

func BenchmarkInventoryAll(b *testing.B) {
	for b.Loop() {
		Inventory(b.Context(), kkp.Installation{}, release(b, "v2.28.13", catalog.EE), upstream(Options{All: true}))
	}
}
