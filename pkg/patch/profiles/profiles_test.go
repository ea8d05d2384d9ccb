package profiles_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
)

const made = "v1.11.2-mirror.c3f09a1b"

func profile(name, system, version string, providers ...string) kkp.Profile {
	return kkp.Profile{Kind: kkp.KindProfile, Namespace: "kube-system", Name: name, OS: system, Version: version, Providers: providers, Object: json.RawMessage(`"` + name + " " + version + `"`)}
}

func deployment(name, system, profile string) kkp.MachineDeployment {
	return kkp.MachineDeployment{Namespace: "kube-system", Name: name, OS: system, Profile: profile, Kubelet: "v1.34.9", Replicas: 3}
}

// datacenter returns a datacenter of a Seed with one user cluster, beside the other clusters of the
// Seed, and the installation with this Seed.
func datacenter(edit func(*patch.SeedDatacenter, *kkp.NodeSetup)) (patch.SeedDatacenter, kkp.Installation) {
	setup := &kkp.NodeSetup{Profiles: []kkp.Profile{
		profile("osp-ubuntu", "ubuntu", "v1.11.2", "aws", "gce"), profile("osp-rhel", "rhel", "v1.11.2", "aws"), profile("osp-flatcar", "flatcar", "v1.11.2", "gce"),
		profile("own", "ubuntu", "v0.1.0", "aws"),
	}}
	dc := patch.SeedDatacenter{Datacenter: kkp.Datacenter{Name: "dc", Provider: "aws"}}
	edit(&dc, setup)
	dc.Clusters = []kkp.Cluster{{Name: "c", Datacenter: "dc", Versions: []string{"1.35.7"}, Setup: setup}}
	dc.Seed.Name, dc.Seed.Clusters, dc.Seed.Datacenters = "seed", dc.Clusters, append(dc.Seed.Datacenters, dc.Datacenter)
	return dc, kkp.Installation{Seeds: []kkp.Seed{dc.Seed}}
}

func TestInUse(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*patch.SeedDatacenter, *kkp.NodeSetup)
		want []string
		err  any
	}{
		{"nothing named: the defaults for the provider", func(*patch.SeedDatacenter, *kkp.NodeSetup) {}, []string{"osp-rhel v1.11.2", "osp-ubuntu v1.11.2"}, nil},
		{"a MachineDeployment, and the default of its system", func(_ *patch.SeedDatacenter, s *kkp.NodeSetup) {
			s.Deployments = []kkp.MachineDeployment{deployment("md", "ubuntu", "own")}
		}, []string{"osp-ubuntu v1.11.2", "own v0.1.0"}, nil},
		{"the datacenter", func(dc *patch.SeedDatacenter, _ *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "own"}
		}, []string{"own v0.1.0"}, nil},
		{"a rewritten profile: its original", func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "osp-ubuntu-mirror"}
			dc.Seed.Profiles = []kkp.Profile{profile("osp-ubuntu-mirror", "ubuntu", made, "aws")}
			s.Deployments = []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu-mirror")}
		}, []string{"osp-ubuntu v1.11.2"}, nil},
		{"a profile of the Seed", func(dc *patch.SeedDatacenter, _ *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "own"}
			dc.Seed.Profiles = []kkp.Profile{profile("own", "ubuntu", "v0.2.0", "aws")}
		}, []string{"own v0.2.0"}, nil},
		{"the newest version", func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "own"}
			s.Profiles = append(s.Profiles, profile("own", "ubuntu", "v0.10.0", "aws"), profile("own", "ubuntu", "v0.9.0", "aws"))
		}, []string{"own v0.10.0"}, nil},
		{"a name that ends alike", func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "acme-mirror"}
			s.Profiles = append(s.Profiles, profile("acme-mirror", "ubuntu", "v1.0.0", "aws"))
		}, []string{"acme-mirror v1.0.0"}, nil},
		{"a profile that is nowhere", func(dc *patch.SeedDatacenter, _ *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "gone"}
		}, nil, new(*profiles.UnknownError)},
		{"no cluster that could be read", func(_ *patch.SeedDatacenter, s *kkp.NodeSetup) { s.Err = errors.New("no route") }, nil, new(*profiles.NoneError)},
		{"a provider without machines", func(dc *patch.SeedDatacenter, _ *kkp.NodeSetup) { dc.Provider = "bringyourown" }, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dc, inst := datacenter(tt.edit)
			uses, err := profiles.InUse(profiles.Query{Installation: inst, Kubernetes: "1.36.3"}, []patch.SeedDatacenter{dc})
			if (err != nil) != (tt.err != nil) || tt.err != nil && !errors.As(err, tt.err) {
				t.Fatal(err)
			}
			var got []string
			for _, use := range uses {
				got = append(got, use.Profile.Name+" "+use.Profile.Version)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestMachines are those of the clusters in the datacenter, or of a new one.
func TestMachines(t *testing.T) {
	dc, inst := datacenter(func(_ *patch.SeedDatacenter, s *kkp.NodeSetup) {
		s.Deployments = []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu")}
	})
	empty := patch.SeedDatacenter{Datacenter: kkp.Datacenter{Name: "empty", Provider: "gcp"}, Seed: dc.Seed}
	uses, err := profiles.InUse(profiles.Query{Installation: inst, Kubernetes: "1.36.3", Architectures: []string{"arm64"}}, []patch.SeedDatacenter{dc, empty})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, use := range uses {
		for _, m := range use.Machines {
			got = append(got, strings.Join([]string{use.Profile.Name, m.Kubernetes, m.Provider, m.Architecture, strings.Join(use.Datacenters, "+")}, " "))
		}
	}
	want := []string{"osp-flatcar 1.36.3 gce arm64 empty", "osp-ubuntu 1.34.9 aws arm64 dc+empty", "osp-ubuntu 1.35.7 aws arm64 dc+empty", "osp-ubuntu 1.36.3 gce arm64 dc+empty"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestFields gives an operating system the profile that is made from its present one.
func TestFields(t *testing.T) {
	dc, _ := datacenter(func(dc *patch.SeedDatacenter, _ *kkp.NodeSetup) { dc.Profiles = map[string]string{"ubuntu": "own"} })
	var got []string
	for _, edit := range profiles.Fields(dc, []rewrite.Profile{
		{Name: "own-mirror", Original: "own", OS: "ubuntu"}, {Name: "osp-ubuntu-mirror", Original: "osp-ubuntu", OS: "ubuntu"}, {Name: "osp-rhel-mirror", Original: "osp-rhel", OS: "rhel"},
	}) {
		got = append(got, edit.Path.String()+"="+edit.Value.(string)) //nolint:forcetypeassert // it is one
	}
	want := []string{"spec.datacenters.dc.spec.operatingSystemProfiles.ubuntu=own-mirror", "spec.datacenters.dc.spec.operatingSystemProfiles.rhel=osp-rhel-mirror"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestEffects says when new machines get a profile.
func TestEffects(t *testing.T) {
	rewritten := []profiles.Rewritten{{Name: "osp-ubuntu-mirror", Original: "osp-ubuntu", Version: made, Marks: []string{"https://files.example.com"}}}
	copied := profile("osp-ubuntu-mirror", "ubuntu", made, "aws")
	old := profile("osp-ubuntu-mirror", "ubuntu", "v1.11.1-mirror.c3f09a1b", "aws")
	config := func(rendered, text string) kkp.Profile {
		return kkp.Profile{Kind: kkp.KindSystemConfig, Name: "md-kube-system-config", Rendered: rendered, Object: json.RawMessage(text)}
	}
	moved := []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu-mirror")}
	for _, tt := range []struct {
		name    string
		cluster kkp.Cluster
		version string
		want    string // in the lines
		not     string
	}{
		{"a copy", kkp.Cluster{Setup: &kkp.NodeSetup{Profiles: []kkp.Profile{copied}}}, "v2.31.0", "has osp-ubuntu-mirror " + made, "yet"},
		{"no copy", kkp.Cluster{Setup: &kkp.NodeSetup{}}, "v2.31.0", "yet: KKP copies it from the Seed", "annotate"},
		{"an old copy", kkp.Cluster{Setup: &kkp.NodeSetup{Profiles: []kkp.Profile{old}}}, "v2.31.0", "yet (but v1.11.1-mirror.c3f09a1b)", "annotate"},
		{"paused", kkp.Cluster{Paused: true, Setup: &kkp.NodeSetup{}}, "v2.31.0", "kubectl -n kubermatic annotate customoperatingsystemprofile osp-ubuntu-mirror kkp-mirror.dev/copy-again=", ""},
		{"unhealthy", kkp.Cluster{Unhealthy: []string{"etcd"}, Setup: &kkp.NodeSetup{}}, "v2.31.0", "an unhealthy cluster (etcd)", ""},
		{"down", kkp.Cluster{Setup: &kkp.NodeSetup{Err: errors.New("no route")}}, "v2.31.0", "could not be read: no route", ""},
		{
			"moving with KKP 2.31",
			kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu")}}},
			"v2.31.0",
			"kubectl -n kube-system annotate machinedeployment md k8c.io/operating-system-profile=osp-ubuntu-mirror --overwrite", "forceRestart",
		},
		{
			"moving with KKP 2.30",
			kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu")}}},
			"v2.30.6",
			`-p '{"metadata":{"annotations":{"k8c.io/operating-system-profile":"osp-ubuntu-mirror"}},"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'`, "annotate",
		},
		{"stale by its version", kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: moved, Configs: []kkp.Profile{config("v1.11.1-mirror.c3f09a1b", `""`)}}}, "v2.31.0", "get an older version", ""},
		{"not stale", kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: moved, Configs: []kkp.Profile{config(made, `""`)}}}, "v2.31.0", "", "older"},
		{"stale by its content", kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: moved, Configs: []kkp.Profile{config("", `"https://dl.k8s.io"`)}}}, "v2.30.6", "get an older version", ""},
		{"not stale by its content", kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: moved, Configs: []kkp.Profile{config("", `"https://files.example.com/dl.k8s.io"`)}}}, "v2.30.6", "", "older"},
		{"another profile", kkp.Cluster{Setup: &kkp.NodeSetup{Deployments: []kkp.MachineDeployment{deployment("md", "ubuntu", "own")}}}, "v2.31.0", "", "machinedeployment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(profiles.Effects(tt.cluster, rewritten, "kubermatic", tt.version), "\n")
			if !strings.Contains(got, tt.want) || tt.not != "" && strings.Contains(got, tt.not) {
				t.Error(got)
			}
		})
	}
}

// TestUnused are rewritten profiles that no other datacenter names; who uses them is told.
func TestUnused(t *testing.T) {
	dc, _ := datacenter(func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
		dc.Seed.Profiles = []kkp.Profile{
			profile("osp-ubuntu-mirror", "ubuntu", made, "aws"), profile("osp-rhel-mirror", "rhel", made, "aws"), profile("own", "ubuntu", "v0.1.0", "aws"), profile("acme-mirror", "ubuntu", "v1.0.0", "aws"),
		}
		dc.Profiles = map[string]string{"ubuntu": "osp-ubuntu-mirror", "rhel": "osp-rhel-mirror"}
		dc.Seed.Datacenters = []kkp.Datacenter{{Name: "other", Profiles: map[string]string{"rhel": "osp-rhel-mirror"}}}
		s.Deployments = []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu-mirror")}
		s.Profiles = append(s.Profiles, profile("osp-ubuntu-mirror", "ubuntu", made, "aws"))
	})
	dc.Seed.Clusters = append(dc.Seed.Clusters, kkp.Cluster{Name: "down", Setup: &kkp.NodeSetup{Err: errors.New("no route")}})
	unused := profiles.Unused(dc.Seed, []patch.SeedDatacenter{dc})
	if len(unused) != 1 || unused[0].Name != "osp-ubuntu-mirror" {
		t.Fatalf("%+v", unused)
	}
	users, unread := profiles.Users(dc.Seed, unused)
	if len(users) != 1 || !strings.Contains(users[0], "annotate machinedeployment md k8c.io/operating-system-profile=osp-ubuntu --overwrite") || len(unread) != 1 || !strings.Contains(unread[0], "down") {
		t.Errorf("%q %q", users, unread)
	}
	if copies := profiles.Copies(dc.Clusters[0], unused); len(copies) != 1 || copies[0].Name != "osp-ubuntu-mirror" {
		t.Errorf("%+v", copies)
	}
	others := profiles.Others(dc.Seed, []patch.SeedDatacenter{dc}, []rewrite.Profile{{Name: "osp-rhel-mirror"}, {Name: "osp-ubuntu-mirror"}})
	if !slices.Equal(others, []string{"other"}) {
		t.Errorf("%q", others)
	}
}

// TestReplaced finds the originals of profiles that replace default profiles.
func TestReplaced(t *testing.T) {
	kept := kkp.KeptProfile{Profile: profile("osp-ubuntu", "ubuntu", "v1.11.2", "aws"), KKP: "v2.31.0"}
	replaced := profile("osp-ubuntu", "ubuntu", made, "aws")
	for _, tt := range []struct {
		name  string
		edit  func(*patch.SeedDatacenter, *kkp.NodeSetup)
		given []kkp.Profile
		want  []string
	}{
		{"a new Seed: all defaults, also unused ones", func(_ *patch.SeedDatacenter, s *kkp.NodeSetup) {
			s.Deployments = []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu")}
		}, nil, []string{"osp-rhel v1.11.2", "osp-ubuntu v1.11.2"}},
		{"as the Seed keeps the original", func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			withKept := replaced
			withKept.Kept = &kept
			dc.Seed.Profiles, s.Profiles = []kkp.Profile{withKept}, []kkp.Profile{replaced}
		}, nil, []string{"osp-ubuntu v1.11.2"}},
		{"a cluster has a newer original", func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			withKept := replaced
			withKept.Kept = &kept
			dc.Seed.Profiles, s.Profiles = []kkp.Profile{withKept}, []kkp.Profile{replaced, profile("osp-ubuntu", "ubuntu", "v1.12.0", "aws")}
		}, nil, []string{"osp-ubuntu v1.12.0"}},
		{"files have an original", func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			withKept := replaced
			withKept.Kept = &kept
			dc.Seed.Profiles, s.Profiles = []kkp.Profile{withKept}, nil
		}, []kkp.Profile{profile("osp-ubuntu", "ubuntu", "v1.10.0", "aws"), profile("osp-azure", "rhel", "v1.10.0", "azure")}, []string{"osp-ubuntu v1.10.0"}},
		{"files have no default profile", func(_ *patch.SeedDatacenter, s *kkp.NodeSetup) { s.Profiles = nil }, []kkp.Profile{profile("own", "ubuntu", "v0.1.0", "aws")}, []string{"own v0.1.0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dc, inst := datacenter(tt.edit)
			uses, err := profiles.InUse(profiles.Query{Installation: inst, Kubernetes: "1.36.3", Given: tt.given, All: true}, []patch.SeedDatacenter{dc})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, use := range uses {
				got = append(got, use.Profile.Name+" "+use.Profile.Version)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	own := profile("osp-rhel", "rhel", "v1.0.0", "aws")
	seed := kkp.Seed{Profiles: []kkp.Profile{replaced, own, profile("osp-flatcar-mirror", "flatcar", made), profile("acme", "ubuntu", "v1.0.0")}}
	if got := profiles.Replaced(seed); len(got) != 1 || got[0].Name != "osp-ubuntu" {
		t.Errorf("%+v", got)
	}
	if got := profiles.Own(seed); len(got) != 1 || got[0].Name != "osp-rhel" {
		t.Errorf("%+v", got)
	}
	if got := profiles.Unused(seed, nil); len(got) != 1 || got[0].Name != "osp-flatcar-mirror" {
		t.Errorf("%+v", got)
	}
}

// TestReplacement keeps the original, with the version of KKP that brought it.
func TestReplacement(t *testing.T) {
	original := profile("osp-ubuntu", "ubuntu", "v1.11.2", "aws")
	original.Object = json.RawMessage(`{"kind":"OperatingSystemProfile","metadata":{"name":"osp-ubuntu"},"spec":{"version":"v1.11.2"}}`)
	p := rewrite.Profile{Name: "osp-ubuntu-mirror", Original: "osp-ubuntu", Spec: map[string]any{"version": made}}.Replacing()
	for present, want := range map[string]string{"v1.11.2": "v2.30.6", "v1.11.1": "v2.31.0"} {
		seed := kkp.Seed{Profiles: []kkp.Profile{{Name: "osp-ubuntu", Kept: &kkp.KeptProfile{Profile: kkp.Profile{Version: present}, KKP: "v2.30.6"}}}}
		object, err := profiles.Replacement(p, original, seed, "v2.31.0")
		if err != nil || object.Name != "osp-ubuntu" || len(object.Edits) != 2 {
			t.Fatal(object, err)
		}
		if got, want := object.Edits[1].Value, `{"kkp":"`+want+`","spec":{"version":"v1.11.2"}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	dc, _ := datacenter(func(dc *patch.SeedDatacenter, _ *kkp.NodeSetup) {})
	if got := profiles.Fields(dc, []rewrite.Profile{{Name: "osp-ubuntu", Original: "osp-ubuntu", OS: "ubuntu"}}); len(got) != 0 {
		t.Errorf("fields %v", got)
	}
}

// TestReplacedEffects says that operating-system-manager has to run without default profiles first.
func TestReplacedEffects(t *testing.T) {
	replaced := []profiles.Rewritten{{Name: "osp-ubuntu", Original: "osp-ubuntu", Version: made}}
	current, older := profile("osp-ubuntu", "ubuntu", made), profile("osp-ubuntu", "ubuntu", "v1.11.2")
	config := []kkp.Profile{{Kind: kkp.KindSystemConfig, Name: "md-kube-system-config", Rendered: "v1.11.2"}}
	deployments := []kkp.MachineDeployment{deployment("md", "ubuntu", "osp-ubuntu")}
	for _, tt := range []struct {
		name  string
		setup kkp.NodeSetup
		want  string
		moves int
	}{
		{"not restarted", kkp.NodeSetup{Profiles: []kkp.Profile{older}}, "does not have osp-ubuntu " + made + " yet (but v1.11.2): its operating-system-manager does not run without default profiles yet", 0},
		{"not restarted, with the copy", kkp.NodeSetup{Profiles: []kkp.Profile{current}}, "and overwrites the profile", 0},
		{"restarted", kkp.NodeSetup{Profiles: []kkp.Profile{older}, DefaultsOff: true}, "runs without default profiles. If KKP had copied the profile before, have KKP copy the profile again", 0},
		{"with the copy", kkp.NodeSetup{Profiles: []kkp.Profile{current}, DefaultsOff: true}, "has osp-ubuntu " + made, 1},
	} {
		tt.setup.Configs, tt.setup.Deployments = config, deployments
		cluster := kkp.Cluster{Setup: &tt.setup}
		got := profiles.Effects(cluster, replaced, "kubermatic", "v2.31.0")
		if len(got) != 1+tt.moves || !strings.Contains(got[0], tt.want) {
			t.Errorf("%s: %q", tt.name, got)
		}
		if moves := profiles.Moves(cluster, replaced, "v2.31.0"); len(moves) != tt.moves || profiles.HasCopies(cluster, replaced) != (tt.moves > 0) {
			t.Errorf("%s: %+v", tt.name, moves)
		}
	}
}

// TestMoves are the patches of MachineDeployments, and what each of them waits for.
func TestMoves(t *testing.T) {
	p := profiles.Rewritten{Name: "osp-ubuntu-mirror", Original: "osp-ubuntu", Version: made, Marks: []string{"https://files.example.com"}}
	setup := &kkp.NodeSetup{Profiles: []kkp.Profile{profile(p.Name, "ubuntu", made)}, Configs: []kkp.Profile{{Name: "stale-kube-system-config", Object: json.RawMessage(`"older"`)}}, Deployments: []kkp.MachineDeployment{
		deployment("md", "ubuntu", "osp-ubuntu"), deployment("stale", "ubuntu", p.Name), deployment("own", "ubuntu", "own"),
	}}
	for version, want := range map[string][]string{
		"v2.31.0": {
			`{"metadata":{"annotations":{"k8c.io/operating-system-profile":"osp-ubuntu-mirror"}}}`,
			`{"metadata":{"annotations":{"kkp-mirror.dev/render-again":"now"}}}`,
		},
		"v2.30.6": {
			`{"metadata":{"annotations":{"k8c.io/operating-system-profile":"osp-ubuntu-mirror"}},"spec":{"template":{"metadata":{"annotations":{"forceRestart":"now"}}}}}`,
			`{"spec":{"template":{"metadata":{"annotations":{"forceRestart":"now"}}}}}`,
		},
	} {
		var got []string
		for _, m := range profiles.Moves(kkp.Cluster{Setup: setup}, []profiles.Rewritten{p}, version) {
			text, err := json.Marshal(m.Patch("now"))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(text))
			if m.Rolls() != (version == "v2.30.6") {
				t.Errorf("%s rolls: %t", version, m.Rolls())
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", version, diff)
		}
	}
	m := profiles.Moves(kkp.Cluster{Setup: setup}, []profiles.Rewritten{p}, "v2.31.0")[0]
	rendered := []kkp.Profile{{Name: "md-kube-system-config", Rendered: made}}
	ready := kkp.MachineDeployment{Namespace: "kube-system", Name: "md", Profile: p.Name, Replicas: 2, Generation: 3, Observed: 3, Current: 2, Updated: 2, Ready: 2}
	if got := m.Waiting(ready, rendered); got != "" {
		t.Errorf("a ready one: %s", got)
	}
	for want, edit := range map[string]func(*kkp.MachineDeployment){
		"uses the profile osp-ubuntu":                func(d *kkp.MachineDeployment) { d.Profile = "osp-ubuntu" },
		"has rendered no OperatingSystemConfig":      func(d *kkp.MachineDeployment) { d.Name = "other" },
		"machine-controller has not read the change": func(d *kkp.MachineDeployment) { d.Generation = 4 },
		"machines with the present template: 1 of 2": func(d *kkp.MachineDeployment) { d.Updated = 1 },
		"ready machines: 1 of 2":                     func(d *kkp.MachineDeployment) { d.Ready = 1 },
		"machines still to be deleted: 1":            func(d *kkp.MachineDeployment) { d.Current = 3 },
	} {
		d := ready
		edit(&d)
		if got := m.Waiting(d, rendered); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := m.Waiting(ready, []kkp.Profile{{Name: "md-kube-system-config", Rendered: "v1.11.2"}}); !strings.Contains(got, "has not rendered osp-ubuntu-mirror") {
		t.Errorf("an older one: %q", got)
	}
}

// TestUnrewritten compares a Seed with the same Seed after its profiles were rewritten.
func TestUnrewritten(t *testing.T) {
	before := func() kkp.Seed {
		_, inst := datacenter(func(dc *patch.SeedDatacenter, s *kkp.NodeSetup) {
			dc.Profiles = map[string]string{"ubuntu": "osp-ubuntu", "flatcar": "own"}
			s.Deployments = []kkp.MachineDeployment{deployment("a", "ubuntu", "osp-ubuntu"), deployment("b", "flatcar", "own")}
		})
		return inst.Seeds[0]
	}
	plain := before()
	if diff := cmp.Diff(plain, profiles.Unrewritten(plain), cmpopts.IgnoreUnexported(kkp.Seed{})); diff != "" {
		t.Errorf("a Seed without rewritten profiles (-before +after):\n%s", diff)
	}
	rewritten := before()
	remade, replacing := profile("osp-ubuntu-mirror", "ubuntu", made, "aws"), profile("osp-rhel", "rhel", made, "aws")
	setup := rewritten.Clusters[0].Setup
	replacing.Kept = &kkp.KeptProfile{Profile: setup.Profiles[1]}
	rewritten.Profiles = []kkp.Profile{remade, replacing}
	rewritten.Datacenters[0].Profiles["ubuntu"] = remade.Name
	setup.Deployments[0].Profile = remade.Name
	setup.Profiles[1] = replacing
	setup.Profiles = append(setup.Profiles, remade)
	setup.Configs = []kkp.Profile{profile("a-kube-system-config", "ubuntu", "")}
	got := profiles.Unrewritten(rewritten)
	slices.SortFunc(got.Clusters[0].Setup.Profiles, func(a, b kkp.Profile) int { return strings.Compare(a.Name, b.Name) })
	want := before()
	slices.SortFunc(want.Clusters[0].Setup.Profiles, func(a, b kkp.Profile) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(kkp.Seed{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if setup.Deployments[0].Profile != remade.Name || rewritten.Datacenters[0].Profiles["ubuntu"] != remade.Name {
		t.Error("the Seed itself was changed")
	}
}
