package check_test

import (
	"encoding/json"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// traced reads an answer.
func traced(t *testing.T, text string) files.Answer {
	t.Helper()
	var answer files.Answer
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

const (
	originalTrace = `{"results": [{"downloads": [{"url": "https://dl.k8s.io/v1/kubelet"}, {"url": "https://github.com/cni.tgz"}], "repositories": [{"url": "https://download.docker.com/linux/ubuntu"}]}]}`
	mirrorTrace   = `{"results": [{"downloads": [{"url": "https://files.corp/kkp/dl.k8s.io/v1/kubelet"}, {"url": "https://files.corp/kkp/github.com/cni.tgz"}], "repositories": [{"url": "https://files.corp/docker"}]}]}`
)

// TestProfile takes one thing after the other away from a profile that downloads from a mirror.
func TestProfile(t *testing.T) {
	whole := func() check.NodeProfile {
		return check.NodeProfile{Seed: "a", Name: "osp-ubuntu-mirror", Version: "v1.0.0-mirror.abcdef01", MadeFrom: "v1.0.0", Original: kkp.Profile{Name: "osp-ubuntu", Version: "v1.0.0"}, Datacenters: []string{"eu"}}
	}
	const subject = "datacenters.profile | profile osp-ubuntu-mirror on Seed a | "
	for name, c := range map[string]struct {
		change  func(*check.NodeProfile)
		present string
		want    []string
	}{
		"whole": {present: mirrorTrace, want: []string{"ok | " + subject + "new nodes in 1 datacenter (eu) download all files from https://files.corp/kkp"}},
		"the rewritten profile": {
			change:  func(p *check.NodeProfile) { p.Name, p.MadeFrom = "osp-ubuntu", "" },
			present: originalTrace,
			want: []string{
				"not ready | datacenters.profile | profile osp-ubuntu on Seed a | new nodes in 1 datacenter (eu) download 2 files from dl.k8s.io, github.com",
				"warning | datacenters.packages | profile osp-ubuntu on Seed a | new nodes also ask download.docker.com for packages",
			},
		},
		"the address of a file": {
			present: `{"results": [{"downloads": [{"url": "https://files.corp/kkp/dl.k8s.io/v1/kubelet"}, {"url": "https://github.com/cni.tgz"}]}]}`,
			want:    []string{"not ready | " + subject + "new nodes in 1 datacenter (eu) download 1 file from github.com"},
		},
		"a file of another mirror": {
			present: `{"results": [{"downloads": [{"url": "https://files.corp/kkp/dl.k8s.io/v1/kubelet"}, {"url": "https://other.corp/github.com/cni.tgz"}]}]}`,
			want:    []string{"not ready | " + subject + "new nodes in 1 datacenter (eu) download 1 file from other.corp"},
		},
		"the field of a datacenter": {
			change: func(p *check.NodeProfile) { p.Unnamed = []string{"eu"} }, present: mirrorTrace,
			want: []string{"not ready | " + subject + "new MachineDeployments in eu get osp-ubuntu, which downloads from elsewhere"},
		},
		"a newer original": {
			change: func(p *check.NodeProfile) { p.Original.Version = "v1.1.0" }, present: mirrorTrace,
			want: []string{"ok | " + subject, "not ready | datacenters.profile-old | profile osp-ubuntu-mirror on Seed a | is made from osp-ubuntu v1.0.0, and v1.1.0 is in use now"},
		},
		"a trace": {
			present: `{"results": [{"gaps": [{"where": "/opt/bin/setup:3", "text": "the address is not known"}]}]}`,
			want:    []string{"unknown | " + subject + "what nodes download is not known: /opt/bin/setup:3: the address is not known"},
		},
		"packages from elsewhere": {
			present: `{"results": [{"downloads": [{"url": "https://files.corp/kkp/dl.k8s.io/v1/kubelet"}], "repositories": [{"url": "https://nexus.corp/docker/linux/ubuntu"}]}]}`,
			want:    []string{"ok | " + subject + "new nodes in 1 datacenter (eu) download all files from https://files.corp/kkp"},
		},
		"the copy of packages": {
			present: `{"results": [{"downloads": [{"url": "https://files.corp/kkp/dl.k8s.io/v1/kubelet"}], "repositories": [{"url": "https://download.docker.com/linux/ubuntu"}]}]}`,
			want: []string{
				"ok | " + subject, "warning | datacenters.packages | profile osp-ubuntu-mirror on Seed a | new nodes also ask download.docker.com for packages",
			},
		},
		"all downloads": {present: `{"results": [{}]}`, want: []string{"ok | " + subject + "new nodes in 1 datacenter (eu) download no files"}},
	} {
		p := whole()
		if c.change != nil {
			c.change(&p)
		}
		p.Traced(traced(t, originalTrace), traced(t, c.present))
		expect(t, name, told(t, p.Findings()), c.want...)
	}
}

// TestSettings finds the settings with which a profile was rewritten, for the command that makes it again.
func TestSettings(t *testing.T) {
	p := check.NodeProfile{Name: "osp-ubuntu-mirror", MadeFrom: "v1.0.0", Original: kkp.Profile{Name: "osp-ubuntu", Version: "v1.1.0"}, Datacenters: []string{"eu"}, Command: "patch-seed eu"}
	const original = `{"results": [{"downloads": [{"url": "https://dl.k8s.io/v1/kubelet"}, {"url": "https://download.docker.com/linux/ubuntu/gpg"}], "repositories": [{"url": "https://download.docker.com/linux/ubuntu"}]}]}`
	p.Traced(traced(t, original), traced(t, `{"results": [{"downloads": [{"url": "https://files.corp/dl.k8s.io/v1/kubelet"}, {"url": "https://nexus.corp/docker/linux/ubuntu/gpg"}], "repositories": [{"url": "https://nexus.corp/docker/linux/ubuntu"}]}]}`))
	if p.Base != "https://files.corp" || p.Packages != "https://nexus.corp/docker" || len(p.Elsewhere)+len(p.Repositories) > 0 {
		t.Errorf("%+v", p)
	}
	findings := p.Findings()
	if got, want := summary(findings...), "ok datacenters.profile profile osp-ubuntu-mirror on Seed \nnot ready datacenters.profile-old profile osp-ubuntu-mirror on Seed  $ patch-seed eu"; got != want {
		t.Errorf("got %s", got)
	}
	valid(t, findings...)
}

func TestNodeFiles(t *testing.T) {
	found := check.Files{Section: check.SectionDatacenters, Base: "https://files.corp/kkp", Results: []files.Result{
		{Path: "dl.k8s.io/v1/kubelet", Outcome: files.Unchecked},
		{Path: "github.com/cni.tgz", Outcome: files.Missing, Error: "files.corp answers 404"},
		{Path: "github.com/crictl.tgz", Outcome: files.Different, Error: "empty"},
		{Path: "dl.k8s.io/v1/kubectl", Outcome: files.Failed, Error: "no route"},
	}, Command: "files DIR"}
	findings := found.Findings()
	expect(t, "files", told(t, findings), "ok | datacenters.file | 1 file | ", "not ready | datacenters.file | https://files.corp/kkp/github.com/cni.tgz | files.corp answers 404",
		"not ready | datacenters.file | https://files.corp/kkp/github.com/crictl.tgz | empty", "unknown | datacenters.file | https://files.corp/kkp/dl.k8s.io/v1/kubectl | no route")
}

func TestClusterProfiles(t *testing.T) {
	c := check.ClusterProfiles{Cluster: kkp.Cluster{Name: "c1"}, Seed: kkp.Seed{Name: "a"}}
	if findings := c.Findings(); len(findings) > 0 {
		t.Errorf("%+v", findings)
	}
	c.Old, c.Stale = []string{"has osp v1"}, []check.StaleNodes{{Deployment: "kube-system/md", Reason: "uses osp", Remedy: "annotate it", Command: "patch-seed --machine-deployments"}}
	if f := c.Findings()[1]; f.Remedy.Command != "patch-seed --machine-deployments" {
		t.Errorf("%+v", f.Remedy)
	}
	expect(t, "old", told(t, c.Findings()), "not ready | datacenters.profile-copy | user cluster c1 on Seed a | has osp v1", "not ready | datacenters.machine-deployment | user cluster c1 on Seed a: MachineDeployment kube-system/md | uses osp")
	remedies := map[string]bool{}
	for _, change := range []func(*kkp.Cluster){func(*kkp.Cluster) {}, func(c *kkp.Cluster) { c.Paused = true }, func(c *kkp.Cluster) { c.Unhealthy = []string{"etcd"} }} {
		old := c
		change(&old.Cluster)
		remedies[old.Findings()[0].Remedy.Text] = true
	}
	if len(remedies) != 3 {
		t.Errorf("%v", remedies)
	}
}

// TestStaleNodes has MachineDeployments whose OperatingSystemConfig is older than the settings of their
// datacenter.
func TestStaleNodes(t *testing.T) {
	config := kkp.Profile{Name: "md-kube-system-config", Runtime: kkp.RuntimeConfig{Known: true, Mirrors: map[string][]string{"quay.io": {"https://m"}}}}
	for name, c := range map[string]struct {
		change func(*check.Datacenter, *kkp.Cluster)
		want   []string
	}{
		"new": {func(_ *check.Datacenter, c *kkp.Cluster) {
			c.Setup.Configs[0].Runtime.Mirrors["ghcr.io"] = []string{"https://m"}
		}, nil},
		"old": {nil, []string{"not ready | datacenters.machine-deployment | user cluster c2 on Seed a: MachineDeployment kube-system/md | its OperatingSystemConfig is older than the settings of the datacenter: new nodes have no mirror for ghcr.io"}},
		"not set yet": {func(d *check.Datacenter, _ *kkp.Cluster) {
			d.Pending = []check.NodeSetting{{Name: "mirrors", Host: "ghcr.io"}}
		}, nil},
		"options of its own": {func(_ *check.Datacenter, c *kkp.Cluster) { c.RuntimeOptions = true }, nil},
		"unknown":            {func(_ *check.Datacenter, c *kkp.Cluster) { c.Setup.Configs = nil }, nil},
		"unread":             {func(_ *check.Datacenter, c *kkp.Cluster) { c.Setup = nil }, nil},
	} {
		d := datacenter()
		cluster := &d.Clusters[1]
		cluster.Setup = &kkp.NodeSetup{Deployments: []kkp.MachineDeployment{{Namespace: "kube-system", Name: "md"}}, Configs: []kkp.Profile{config}}
		cluster.Setup.Configs[0].Runtime.Mirrors = map[string][]string{"quay.io": {"https://m"}}
		if c.change != nil {
			c.change(&d, cluster)
		}
		expect(t, name, told(t, d.StaleNodes()), c.want...)
	}
}
