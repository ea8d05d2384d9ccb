package check_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func pod(namespace, name, image string) kkp.Pod {
	return kkp.Pod{Namespace: namespace, Name: name, Images: []string{image}}
}

// runningInput is an installation whose pods all pull from the mirror.
func runningInput() check.RunningInput {
	runtime := func() kkp.RuntimeConfig {
		return kkp.RuntimeConfig{Known: true, Mirrors: map[string][]string{"quay.io": {"https://mirror.example.com/v2/kkp"}, "docker.io": {"https://registry-1.docker.io"}}}
	}
	user := func(name string) kkp.Cluster {
		use := kkp.UseOf([]kkp.Pod{pod("kube-system", "dns", "mirror.example.com/kkp/coredns:1"), pod("shop", "web", "quay.io/shop/web:1")})
		return kkp.Cluster{Name: name, PodUse: &use, Setup: &kkp.NodeSetup{
			Deployments: []kkp.MachineDeployment{{Namespace: "kube-system", Name: "md"}},
			Configs:     []kkp.Profile{{Name: "md-kube-system-config", Runtime: runtime()}},
		}}
	}
	return check.RunningInput{
		Mirror: images.Target{Registry: "mirror.example.com", Prefix: "kkp"},
		Installation: kkp.Installation{
			Pods:  []kkp.Pod{pod("kkp", "api", "mirror.example.com/kkp/kubermatic/api:v1")},
			Seeds: []kkp.Seed{{Name: "a", Pods: []kkp.Pod{pod("cluster-c1", "etcd", "mirror.example.com/kkp/etcd:3")}, Clusters: []kkp.Cluster{user("c1"), user("c2")}}},
		},
	}
}

// TestRunning takes one thing after the other away from an installation whose pods all pull from the
// mirror.
func TestRunning(t *testing.T) {
	before := told(t, check.Running(runningInput()))
	expect(t, "whole", before, "ok | running.image | master | the 1 image of its 1 pod ", "ok | running.image | Seed a | ", "ok | running.user-cluster | user clusters on Seed a | in 2 of 2")

	const goodMaster, goodSeed, goodUsers = "-ok | running.image | master | ", "-ok | running.image | Seed a | ", "-ok | running.user-cluster | user clusters on Seed a | in 2 of 2"
	web := "running.user-cluster | quay.io/shop/web:1 | named by pod shop/web on user cluster c1 on Seed a"
	oneLess := "+ok | running.user-cluster | user clusters on Seed a | in 1 of 2"
	for name, c := range map[string]struct {
		change func(*check.RunningInput)
		want   []string
	}{
		"an image on the master": {
			func(in *check.RunningInput) { in.Installation.Pods[0].Images[0] = "quay.io/kubermatic/api:v1" },
			[]string{goodMaster, "+warning | running.image | quay.io/kubermatic/api:v1 | named by pod kkp/api on master"},
		},
		"an image on the master and on a Seed": {
			func(in *check.RunningInput) {
				in.Installation.Pods[0].Images[0] = "alpine"
				in.Installation.Seeds[0].Pods = append(in.Installation.Seeds[0].Pods, pod("b", "2", "alpine"), pod("b", "1", "alpine"))
			},
			[]string{goodMaster, goodSeed, "+warning | running.image | alpine | named by pod kkp/api on master, and in 1 more cluster"},
		},
		"a declared host": {
			func(in *check.RunningInput) {
				in.Installation.Pods[0].Images[0], in.Declared = "quay.io/kubermatic/api:v1", []string{"docker.io", "quay.io"}
			},
			nil,
		},
		"the mirror without its prefix": {
			func(in *check.RunningInput) { in.Installation.Pods[0].Images[0] = "mirror.example.com/kkpx/api:v1" },
			[]string{goodMaster, "+warning | running.image | mirror.example.com/kkpx/api:v1 | "},
		},
		"no reference": {
			func(in *check.RunningInput) { in.Installation.Pods[0].Images[0] = "UPPER" },
			[]string{goodMaster, "+warning | running.image | UPPER | "},
		},
		"a mirror of a node": {
			func(in *check.RunningInput) {
				delete(in.Installation.Seeds[0].Clusters[0].Setup.Configs[0].Runtime.Mirrors, "quay.io")
			},
			[]string{goodUsers, "+not ready | " + web + ": MachineDeployment kube-system/md has no mirror for quay.io", oneLess},
		},
		"the host itself as its mirror": {
			func(in *check.RunningInput) {
				use := kkp.UseOf([]kkp.Pod{pod("shop", "web", "alpine")})
				in.Installation.Seeds[0].Clusters[0].PodUse = &use
			},
			[]string{goodUsers, "+not ready | running.user-cluster | alpine | ", oneLess},
		},
		"the OperatingSystemConfig": {
			func(in *check.RunningInput) { in.Installation.Seeds[0].Clusters[0].Setup.Configs = nil },
			[]string{goodUsers, "+unknown | " + web + ": the container runtime of MachineDeployment kube-system/md is not known", oneLess},
		},
		"the MachineDeployments": {
			func(in *check.RunningInput) { in.Installation.Seeds[0].Clusters[0].Setup.Err = errors.New("down") },
			[]string{goodUsers, "+unknown | " + web + ": the configuration of its nodes could not be read", oneLess},
		},
		"nodes that KKP does not manage": {
			func(in *check.RunningInput) { in.Installation.Seeds[0].Clusters[0].Setup.Deployments = nil },
			[]string{goodUsers, "+warning | " + web, oneLess},
		},
		"the pods of the master": {
			func(in *check.RunningInput) {
				in.Installation.Unread = []kkp.Unread{{Part: kkp.PartPods, Subject: "namespace dex on master", Err: errors.New("forbidden")}}
			},
			[]string{goodMaster, "+unknown | running.pods | namespace dex on master | forbidden"},
		},
		"a Seed": {
			func(in *check.RunningInput) {
				in.Installation.Seeds[0].Pods, in.Installation.Seeds[0].Clusters = nil, nil
				in.Installation.Unread = []kkp.Unread{{Part: kkp.PartPods, Subject: "Seed a", Err: errors.New("down")}}
			},
			[]string{goodSeed, goodUsers, "+unknown | running.pods | Seed a | down"},
		},
		"the pods of a user cluster": {
			func(in *check.RunningInput) {
				in.Installation.Unread = []kkp.Unread{{Part: kkp.PartUserPods, Subject: "pods in user cluster c2 on Seed a", Err: errors.New("forbidden")}}
			},
			[]string{goodUsers, "+unknown | running.pods | pods in user cluster c2 on Seed a | forbidden", oneLess},
		},
		"an image of the mirror": {
			func(in *check.RunningInput) {
				for i := range 3 {
					failing := pod("kkp", fmt.Sprintf("api-%d", i), "mirror.example.com/kkp/kubermatic/api:v1")
					failing.Pulls = []kkp.FailedPull{{Container: "c", Image: failing.Images[0], Reason: "ImagePullBackOff", Message: "not found"}}
					in.Installation.Pods = append(in.Installation.Pods, failing)
				}
			},
			[]string{
				goodMaster, "+ok | running.image | master | the 1 image of its 4 pods ",
				"+not ready | running.pull | mirror.example.com/kkp/kubermatic/api:v1 on master | pod kkp/api-0 (and 2 more), container c: ImagePullBackOff: not found",
			},
		},
	} {
		in := runningInput()
		c.change(&in)
		expect(t, name, changed(before, told(t, check.Running(in))), c.want...)
	}
}

// TestUserClustersUnasked has user clusters whose pods were not requested: nothing is said of them.
func TestUserClustersUnasked(t *testing.T) {
	in := runningInput()
	for i := range in.Installation.Seeds[0].Clusters {
		in.Installation.Seeds[0].Clusters[i].PodUse = nil
	}
	if lines := told(t, check.Running(in)); slices.ContainsFunc(lines, func(line string) bool { return line[:4] != "ok |" }) || len(lines) != 2 {
		t.Errorf("%q", lines)
	}
}
