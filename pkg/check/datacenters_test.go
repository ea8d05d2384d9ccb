package check_test

import (
	"errors"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// datacenter is one that is ready, with a user cluster that has container runtime options of its own.
func datacenter() check.Datacenter {
	mirrored := map[string][]string{"quay.io": {"https://mirror.example.com"}, "_default": {"https://mirror.example.com"}}
	return check.Datacenter{
		SeedDatacenter: patch.SeedDatacenter{
			Datacenter: kkp.Datacenter{Name: "eu"}, Seed: kkp.Seed{Name: "a"},
			Clusters: []kkp.Cluster{{Name: "c1", RuntimeOptions: true, RuntimeMirrors: mirrored}, {Name: "c2"}},
		},
		Hosts: []string{"ghcr.io", "quay.io"}, Command: "patch-seed eu --registry", Print: "print eu --registry", NoProxyCommand: "patch-seed eu --no-proxy", NoProxyPrint: "print eu --no-proxy",
	}
}

// TestDatacenter takes one setting after the other away from a datacenter that is ready.
func TestDatacenter(t *testing.T) {
	const good = "ok | datacenters.nodes | datacenter eu | the nodes pull the images of 2 registries from the mirror"
	whole := datacenter()
	expect(t, "whole", told(t, whole.Findings()), good)
	for name, c := range map[string]struct {
		change  func(*check.Datacenter)
		want    string
		command string
	}{
		"mirrors": {
			func(d *check.Datacenter) {
				d.Pending = []check.NodeSetting{{Name: "mirrors", Host: "ghcr.io"}, {Name: "mirrors", Host: "quay.io"}}
			},
			"not ready | datacenters.mirrors | datacenter eu | no mirror for ghcr.io, quay.io", "patch-seed eu --registry",
		},
		"the pause image": {
			func(d *check.Datacenter) {
				d.Pending = []check.NodeSetting{{Name: "pause-image", Field: "node.pauseImage", Live: "registry.k8s.io/pause:3.10", Wanted: "mirror.example.com/pause:3.10"}}
			},
			`not ready | datacenters.pause-image | datacenter eu | node.pauseImage is "registry.k8s.io/pause:3.10", must be "mirror.example.com/pause:3.10"`, "patch-seed eu --registry",
		},
		"the insecure registry": {
			func(d *check.Datacenter) {
				d.Pending = []check.NodeSetting{{Name: "insecure-registries", Field: "node.insecureRegistries", Wanted: []any{"mirror.example.com"}}}
			},
			`not ready | datacenters.insecure-registries | datacenter eu | node.insecureRegistries is not set, must be ["mirror.example.com"]`, "patch-seed eu --registry",
		},
		"the registry of the CSI driver": {
			func(d *check.Datacenter) {
				d.Pending = []check.NodeSetting{{Name: "csi-registry", Wanted: "mirror.example.com"}}
			},
			"not ready | datacenters.csi-registry | datacenter eu | ", "patch-seed eu --registry",
		},
		"a setting of another manager": {
			func(d *check.Datacenter) {
				d.Pending = []check.NodeSetting{{Name: "pause-image", Owners: []string{"argocd"}}}
			},
			"not ready | datacenters.pause-image | datacenter eu | ", "",
		},
		"noProxy": {
			func(d *check.Datacenter) {
				d.Proxied = &patch.Proxied{Proxy: "http://proxy:3128", Registries: []string{"mirror.example.com"}}
			},
			"not ready | datacenters.proxy | datacenter eu | the nodes reach the mirror through the proxy http://proxy:3128: noProxy (empty) does not have mirror.example.com", "patch-seed eu --no-proxy",
		},
		"noProxy of another manager": {
			func(d *check.Datacenter) {
				d.Proxied, d.Owners = &patch.Proxied{Proxy: "http://proxy:3128", Registries: []string{"mirror.example.com"}}, []string{"argocd"}
			},
			"not ready | datacenters.proxy | datacenter eu | ", "",
		},
		"an old setting": {
			func(d *check.Datacenter) {
				d.Notes = []string{"node.pause_image has no effect: the setting is pauseImage"}
			},
			"warning | datacenters.old-setting | datacenter eu | node.pause_image has no effect", "",
		},
		"mirrors of a Cluster": {
			func(d *check.Datacenter) { delete(d.Clusters[0].RuntimeMirrors, "_default") },
			"not ready | datacenters.runtime-options | user cluster c1 on Seed a | spec.containerRuntimeOpts of the Cluster hides the mirrors of datacenter eu, and has none for ghcr.io", "",
		},
		"the complete list": {func(d *check.Datacenter) { d.Incomplete, d.Clusters = true, nil }, "", ""},
		"the nodes": {
			func(d *check.Datacenter) { d.NoNodes, d.Pending = true, []check.NodeSetting{{Name: "pause-image"}} },
			"ok | datacenters.nodes | datacenter eu | KKP makes no nodes there", "",
		},
	} {
		d := datacenter()
		c.change(&d)
		findings := d.Findings()
		if c.want == "" {
			expect(t, name, told(t, findings))
			continue
		}
		expect(t, name, told(t, findings), c.want)
		if remedy := findings[0].Remedy; remedy != nil && remedy.Command != c.command {
			t.Errorf("%s: command %q", name, remedy.Command)
		}
	}
}

// TestUnknownDatacenters has Seeds and user clusters that could not be read.
func TestUnknownDatacenters(t *testing.T) {
	findings := check.UnknownDatacenters([]kkp.Unread{
		{Part: kkp.PartProfiles, Subject: "user cluster c1 on Seed a", Err: errors.New("down")},
		{Part: kkp.PartProfiles, Subject: "user cluster c2 on Seed a", Err: errors.New("down")},
		{Part: kkp.PartClusters, Subject: "Seed b", Err: &kkp.UnreachableError{Cluster: "Seed b", Err: errors.New("no route")}},
		{Part: kkp.PartPods, Subject: "Seed b", Err: errors.New("no route")},
	})
	expect(t, "unread", told(t, findings), "unknown | datacenters.unknown | user cluster c1 on Seed a, user cluster c2 on Seed a | down", "unknown | datacenters.unknown | Seed b | Seed b cannot be read: no route")
	expect(t, "path", told(t, append(check.PathNotes([]string{"bug"}), check.NoSettings(errors.New("too old")))),
		"warning | datacenters.mirror-path | the mirror for nodes | bug", "not ready | datacenters.mirror-path | the mirror for nodes | too old")
}

// TestUnknownRegistries has a list of images with gaps: the datacenters are not ready, and each cause is
// told once.
func TestUnknownRegistries(t *testing.T) {
	gaps := []images.Gap{{Source: "addons", Subject: "addon a", Error: "x", Cause: "down"}, {Source: "addons", Subject: "addon b", Error: "y", Cause: "down"}, {Source: "applications", Subject: "web", Error: "z"}}
	expect(t, "gaps", told(t, check.UnknownRegistries([]string{"eu", "us"}, gaps)),
		"unknown | datacenters.unknown | datacenters eu, us | nodes may pull from more registries, because the list of images has a gap: down; ",
		"unknown | datacenters.unknown | datacenters eu, us | nodes may pull from more registries, because the list of images has a gap: web: z")
	expect(t, "no nodes", told(t, check.UnknownRegistries(nil, gaps)))
	expect(t, "no gaps", told(t, check.UnknownRegistries([]string{"eu"}, nil)))
}
