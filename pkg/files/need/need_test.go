package need_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

func open(t *testing.T, version string) *catalog.Release {
	t.Helper()
	release, err := catalog.Open(version, catalog.CE)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// profile is a profile whose machines download one file, with the provider and the version
// in its name.
func profile(kind, name, os string, providers ...string) kkp.Profile {
	supported := make([]map[string]string, 0, len(providers))
	for _, p := range providers {
		supported = append(supported, map[string]string{"name": p})
	}
	command := "curl https://example.com/" + name + "/"
	if kind == kkp.KindSystemConfig {
		command += "rendered"
	} else {
		command = "/bin/sh /opt/run"
	}
	object, err := json.Marshal(map[string]any{"kind": kind, "metadata": map[string]any{"name": name}, "spec": map[string]any{
		"osName": os, "osVersion": "1", "supportedCloudProviders": supported,
		"bootstrapConfig": map[string]any{
			"modules": map[string]any{"runcmd": []string{command}},
			"files": []any{map[string]any{"path": "/opt/run", "content": map[string]any{"inline": map[string]any{
				"data": "curl https://example.com/" + name + "/{{ .KubeVersion }}/{{ .CloudProviderName }}/$(uname -m)\napt-get install -y " + name + "-package",
			}}}},
		},
	}})
	if err != nil {
		panic(err)
	}
	return kkp.Profile{Kind: kind, Name: name, OS: os, Providers: providers, Object: object}
}

// paths are what is listed.
func paths(l files.FileList) []string {
	var all []string
	for _, item := range l.Items {
		all = append(all, item.Path)
	}
	return all
}

// TestScope lists what is in scope of an installation with two Seeds.
func TestScope(t *testing.T) {
	own := profile(kkp.KindCustomProfile, "own", "ubuntu", "aws", "gce")
	other := profile(kkp.KindCustomProfile, "other", "ubuntu", "aws")
	config := profile(kkp.KindSystemConfig, "md-kube-system-config", "ubuntu", "aws")
	live := kkp.Installation{Version: "v2.31.0", Live: true, Seeds: []kkp.Seed{{
		Name: "a", Profiles: []kkp.Profile{own, other}, Datacenters: []kkp.Datacenter{{Name: "dc", Provider: "gcp", Profiles: map[string]string{"ubuntu": "own"}}},
		Clusters: []kkp.Cluster{{Name: "c", Provider: "aws", Versions: []string{"1.34.9"}, Setup: &kkp.NodeSetup{
			Configs:     []kkp.Profile{config},
			Profiles:    []kkp.Profile{profile(kkp.KindProfile, "osp-ubuntu", "ubuntu", "aws")},
			Deployments: []kkp.MachineDeployment{{Namespace: "kube-system", Name: "md", Profile: "osp-ubuntu", Kubelet: "1.34.9"}},
		}}},
	}}}
	shapes := map[string][]catalog.Cluster{"a": {{Kubernetes: "1.34.9", Provider: "aws"}, {Kubernetes: "1.35.7", Provider: "gcp"}, {Kubernetes: "1.35.7", Provider: "bringyourown"}}}
	for _, tt := range []struct {
		name string
		edit func(*need.Input)
		want []string
	}{
		{"live", nil, []string{
			"example.com/md-kube-system-config/rendered", "example.com/osp-ubuntu/v1.34.9/aws/x86_64", "example.com/own/v1.35.7/gce/x86_64",
		}},
		{"another cluster in scope", func(in *need.Input) {
			in.Clusters = map[string][]catalog.Cluster{"a": {{Kubernetes: "1.35.7", Provider: "gcp"}}}
		}, []string{
			"example.com/own/v1.35.7/gce/x86_64",
		}},
		{"an upgrade", func(in *need.Input) {
			in.Installation.Version = "v2.30.6" // the default profile will be another
			in.Clusters = map[string][]catalog.Cluster{"a": {{Kubernetes: "1.34.9", Provider: "aws"}}}
		}, defaults("1.34.9", "v1.9.1", "v1.34.0", "download.docker.com/linux/ubuntu/gpg", "example.com/md-kube-system-config/rendered")},
		{"files", func(in *need.Input) {
			in.Installation = kkp.Installation{Profiles: []kkp.Profile{other}}
			in.Clusters = map[string][]catalog.Cluster{"": {{Kubernetes: "1.35.7"}}}
		}, []string{"example.com/other/v1.35.7/aws/x86_64"}},
		{"a config from files", func(in *need.Input) { in.Installation = kkp.Installation{Profiles: []kkp.Profile{config}} }, []string{"example.com/md-kube-system-config/rendered"}},
		{"a provider without profiles", func(in *need.Input) {
			in.Clusters = map[string][]catalog.Cluster{"a": {{Kubernetes: "1.35.7", Provider: "bringyourown"}}}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := need.Input{Installation: live, Release: open(t, "v2.31.0"), Clusters: shapes, Architectures: []string{"amd64"}}
			if tt.edit != nil {
				tt.edit(&in)
			}
			got := need.Find(t.Context(), in)
			if diff := cmp.Diff(tt.want, paths(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(got.Gaps) > 0 {
				t.Errorf("gaps %v", got.Gaps)
			}
		})
	}
}

// defaults are the files of a default profile, ordered, for amd64.
func defaults(kubernetes, cni, crictl string, more ...string) []string {
	all := more
	for _, address := range []string{
		"dl.k8s.io/v" + kubernetes + "/bin/linux/amd64/kubelet", "dl.k8s.io/v" + kubernetes + "/bin/linux/amd64/kubeadm", "dl.k8s.io/v" + kubernetes + "/bin/linux/amd64/kubectl",
		"github.com/containernetworking/plugins/releases/download/" + cni + "/cni-plugins-linux-amd64-" + cni + ".tgz",
		"github.com/kubernetes-sigs/cri-tools/releases/download/" + crictl + "/crictl-" + crictl + "-linux-amd64.tar.gz",
	} {
		all = append(all, address, address+".sha256")
	}
	slices.Sort(all)
	return all
}

// TestEmptyDatacenter lists the default profiles for a datacenter that names no profile and has no
// MachineDeployment, also beside a datacenter of the same provider that has one.
func TestEmptyDatacenter(t *testing.T) {
	const ofRHEL = "download.docker.com/linux/rhel/docker-ce.repo"
	for name, tt := range map[string]struct {
		datacenter kkp.Datacenter
		want       bool
	}{
		"with machines":       {kkp.Datacenter{Name: "old", Provider: "aws"}, false},
		"without machines":    {kkp.Datacenter{Name: "new", Provider: "aws"}, true},
		"with a profile":      {kkp.Datacenter{Name: "new", Provider: "aws", Profiles: map[string]string{"ubuntu": "osp-ubuntu"}}, false},
		"of another provider": {kkp.Datacenter{Name: "new", Provider: "gcp"}, false},
	} {
		seed := kkp.Seed{Name: "a", Datacenters: []kkp.Datacenter{{Name: "old", Provider: "aws"}, tt.datacenter}, Clusters: []kkp.Cluster{{
			Name: "c", Provider: "aws", Datacenter: "old", Setup: &kkp.NodeSetup{
				Profiles:    []kkp.Profile{profile(kkp.KindProfile, "osp-ubuntu", "ubuntu", "aws")},
				Deployments: []kkp.MachineDeployment{{Namespace: "kube-system", Name: "md", Profile: "osp-ubuntu", Kubelet: "1.34.9"}},
			},
		}}}
		got := need.Find(t.Context(), need.Input{
			Installation: kkp.Installation{Version: "v2.31.0", Live: true, Seeds: []kkp.Seed{seed}}, Release: open(t, "v2.31.0"),
			Clusters: map[string][]catalog.Cluster{"a": {{Kubernetes: "1.34.9", Provider: "aws"}}}, Architectures: []string{"amd64"},
		})
		if slices.Contains(paths(got), ofRHEL) != tt.want || !slices.Contains(paths(got), "example.com/osp-ubuntu/v1.34.9/aws/x86_64") {
			t.Errorf("%s: %v", name, paths(got))
		}
	}
}

// TestGaps names what is not known.
func TestGaps(t *testing.T) {
	in := need.Input{
		Installation: kkp.Installation{
			Version: "v2.31.0", Unread: []kkp.Unread{{Part: kkp.PartProfiles, Subject: "user cluster c", Err: errors.New("no route")}, {Part: kkp.PartPods, Subject: "x", Err: errors.New("y")}},
			Seeds: []kkp.Seed{{
				Name: "a", Datacenters: []kkp.Datacenter{{Provider: "aws", Profiles: map[string]string{"ubuntu": "gone", "rhel": "broken"}}},
				Profiles: []kkp.Profile{{Name: "broken", Kind: kkp.KindCustomProfile, Providers: []string{"aws"}, Object: json.RawMessage(`{"kind":"CustomOperatingSystemProfile"}`)}},
			}},
		},
		Release: open(t, "v2.31.0"), Clusters: map[string][]catalog.Cluster{"a": {{Kubernetes: "1.35.7", Provider: "aws"}}},
	}
	var got []string
	for _, g := range need.Find(t.Context(), in).Gaps {
		got = append(got, g.String())
	}
	want := []string{
		"profiles: broken: spec.osName is missing",
		"profiles: gone: a datacenter names this profile for machines of aws, but Seed a has no profile of this name, and KKP has no such default profile",
		"profiles: user cluster c: no route",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	in.Installation = kkp.Installation{}
	in.Release, in.Clusters = open(t, "v2.30.0"), map[string][]catalog.Cluster{"": {{Kubernetes: "1.34.9", Provider: "aws"}}}
	if gaps := need.Find(t.Context(), in).Gaps; len(gaps) != 1 || !strings.Contains(gaps[0].Error, "operating-system-manager v1.10.0 are not known, those of v1.10.7 are taken") {
		t.Errorf("gaps %v", gaps)
	}
	in.Trace = func(context.Context, files.Request) (files.Answer, error) {
		return files.Answer{}, errors.New("it took too much")
	}
	in.Installation = kkp.Installation{Profiles: []kkp.Profile{profile(kkp.KindProfile, "p", "ubuntu", "aws")}}
	if gaps := need.Find(t.Context(), in).Gaps; len(gaps) != 1 || gaps[0].String() != "profiles: p: it took too much" {
		t.Errorf("gaps %v", gaps)
	}
	in.Trace = func(_ context.Context, q files.Request) (files.Answer, error) {
		return files.Answer{Results: make([]trace.Found, len(q.Cases)), Gaps: []trace.Gap{{Text: "of no line"}, {Where: "/opt/a:1", Text: "of a line"}}}, nil
	}
	got = nil
	for _, g := range need.Find(t.Context(), in).Gaps {
		got = append(got, g.String())
	}
	if diff := cmp.Diff([]string{"profiles: p /opt/a:1: of a line", "profiles: p: of no line"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestCatalog compares the answers of the catalog with a reading of the default profiles
// that runs nothing. The data of KKP has these, in osps/MINOR.
func TestCatalog(t *testing.T) {
	root := filepath.Dir(filepath.Dir(filepath.Dir(harness.DataFiles(t, "osps/*/*.yaml")[0])))
	for release, exact := range map[string]bool{"v2.28.13": true, "v2.29.10": true, "v2.30.6": true, "v2.31.0": true, "v2.30.1": false} {
		for _, kubernetes := range []string{"1.31.1", "1.34.9", "1.35.7"} {
			got := need.Find(t.Context(), need.Input{
				Release: open(t, release), Clusters: map[string][]catalog.Cluster{"": {{Kubernetes: kubernetes}}}, Architectures: []string{"arm64"},
			})
			var want []string
			names, err := filepath.Glob(filepath.Join(root, "osps", release[:strings.LastIndex(release, ".")], "*.yaml"))
			if err != nil || len(names) != 6 {
				t.Fatal(names, err)
			}
			for _, name := range names {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, reading(string(text), kubernetes)...)
			}
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), paths(got)); diff != "" {
				t.Errorf("KKP %s, Kubernetes %s (-read +catalog)\n%s", release, kubernetes, diff)
			}
			if (len(got.Gaps) == 0) != exact {
				t.Errorf("KKP %s: gaps %v", release, got.Gaps)
			}
		}
	}
}

// reading reads the paths of what a default profile downloads on arm64, by its form.
func reading(text, kubernetes string) []string {
	cni := regexp.MustCompile(`CNI_VERSION:-(v[0-9.]+)`).FindStringSubmatch(text)[1]
	choices := regexp.MustCompile(`CRI_TOOLS_RELEASE="(v[0-9.]+)"`).FindAllStringSubmatch(text, -1)
	crictl := choices[len(choices)-1][1]
	minor := kubernetes[:strings.LastIndex(kubernetes, ".")]
	if at := strings.Index(text, `"~`+minor+`.0"`); at >= 0 {
		crictl = regexp.MustCompile(`CRI_TOOLS_RELEASE="(v[0-9.]+)"`).FindStringSubmatch(text[at:])[1]
	}
	var all []string
	for _, kept := range []string{
		"dl.k8s.io/v" + kubernetes + "/bin/linux/arm64/kubelet", "dl.k8s.io/v" + kubernetes + "/bin/linux/arm64/kubeadm", "dl.k8s.io/v" + kubernetes + "/bin/linux/arm64/kubectl",
		fmt.Sprintf("github.com/containernetworking/plugins/releases/download/%s/cni-plugins-linux-arm64-%s.tgz", cni, cni),
		fmt.Sprintf("github.com/kubernetes-sigs/cri-tools/releases/download/%s/crictl-%s-linux-arm64.tar.gz", crictl, crictl),
	} {
		all = append(all, kept, kept+".sha256")
	}
	if strings.Contains(text, "$(lsb_release -si") {
		all = append(all, "download.docker.com/linux/ubuntu/gpg")
	}
	if repo := regexp.MustCompile(`--add-repo=https://(\S+)`).FindStringSubmatch(text); repo != nil {
		all = append(all, repo[1])
	}
	return all
}

// TestDefaultProfilesFromFiles lists each default profile as if it was given with -f.
func TestDefaultProfilesFromFiles(t *testing.T) {
	for _, name := range harness.DataFiles(t, "osps/*/*.yaml") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		object, err := yaml.YAMLToJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		var view struct {
			Spec struct {
				OSName                  string
				SupportedCloudProviders []struct{ Name string }
			}
		}
		if err := json.Unmarshal(object, &view); err != nil {
			t.Fatal(err)
		}
		p := kkp.Profile{Kind: kkp.KindProfile, Name: "p", OS: view.Spec.OSName, Object: object}
		for _, provider := range view.Spec.SupportedCloudProviders {
			p.Providers = append(p.Providers, provider.Name)
		}
		got := need.Find(t.Context(), need.Input{
			Installation: kkp.Installation{Profiles: []kkp.Profile{p}}, Release: open(t, "v2.31.0"),
			Clusters: map[string][]catalog.Cluster{"": {{Kubernetes: "1.35.7"}}}, Architectures: []string{"arm64"},
		})
		want := reading(string(text), "1.35.7")
		slices.Sort(want)
		if diff := cmp.Diff(want, paths(got)); diff != "" || len(got.Gaps) > 0 {
			t.Errorf("%s: gaps %v (-read +traced)\n%s", name, got.Gaps, diff)
		}
	}
}
