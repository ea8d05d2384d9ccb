package pullers_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
)

func needed(t *testing.T) images.Inventory {
	t.Helper()
	var c images.Collector
	for text, source := range map[string]string{
		"quay.io/kubermatic/kubermatic:v1": "components", "quay.io/calico/node:v1": "addons", "quay.io/cilium/cilium:v1": "applications", "ghcr.io/acme/tool:1": "configured",
	} {
		c.Add(images.Image{Ref: parse(t, text), Reasons: []images.Reason{{Source: source}}})
	}
	c.Add(images.Image{Ref: parse(t, "quay.io/charts/cilium:1"), Kind: images.KindChart, Reasons: []images.Reason{{Source: "applications"}}})
	return c.Inventory()
}

func parse(t *testing.T, text string) images.Ref {
	t.Helper()
	ref, err := images.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func names(refs []images.Ref) string {
	var all []string
	for _, ref := range refs {
		all = append(all, ref.Repository)
	}
	return strings.Join(all, " ")
}

func TestWhoPullsWhat(t *testing.T) {
	m := pullers.Mirror{Host: "mirror:5000", PullSecret: []byte("new"), ChartsSecret: []byte("charts"), Bundle: []byte("PEM")}
	for _, tt := range []struct {
		puller        pullers.Puller
		needs, docker string
	}{
		{pullers.KKP(kkp.Installation{}, m, needed(t)), "acme/tool kubermatic/kubermatic", "new"},
		{pullers.Charts(m, needed(t)), "charts/cilium", "charts"},
		{pullers.Nodes([]pullers.Node{{}}, m, needed(t), "v2.31.0")[0], "calico/node cilium/cilium", ""},
	} {
		if got := names(tt.puller.Needs); got != tt.needs || string(tt.puller.Docker) != tt.docker {
			t.Errorf("%s pulls %s with %q, want %s with %q", tt.puller.Name, got, tt.puller.Docker, tt.needs, tt.docker)
		}
	}
	objects := kkp.Installation{}
	if got := pullers.KKP(objects, pullers.Mirror{}, needed(t)); got.Docker != nil {
		t.Errorf("KKP has no credentials, and pulls with %q", got.Docker)
	}
}

func node(name, docker string, err error, insecure ...string) pullers.Node {
	n := pullers.Node{NodeLogin: kkp.NodeLogin{Cluster: kkp.Cluster{Name: name}, Err: err}, Insecure: insecure}
	if docker != "" {
		n.Config = []byte(docker)
	}
	return n
}

func TestNodesThatPullInTheSameWayAreOne(t *testing.T) {
	nodes := []pullers.Node{
		node("a", "", nil), node("b", "x", nil), node("c", "", nil), node("d", "x", nil), node("e", "", nil, "mirror:5000"), node("f", "", errors.New("no right")),
	}
	var got []string
	for _, p := range pullers.Nodes(nodes, pullers.Mirror{Host: "mirror:5000"}, needed(t), "v2.31.0") {
		got = append(got, p.Name)
	}
	want := []string{
		"the nodes of the user clusters a, c", "the nodes of the user clusters b, d", "the nodes of the user cluster e", "the nodes of the user cluster f",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	lost := pullers.Nodes(nodes[1:2], pullers.Mirror{}, needed(t), "v2.30.0")[0]
	if lost.Docker != nil || !strings.Contains(lost.Lacks, "2.30.0") {
		t.Errorf("KKP 2.30.0 writes no credentials to nodes: %+v", lost)
	}
}

func TestChartsOfKKPAreNotForNodes(t *testing.T) {
	var c images.Collector
	for text, sources := range map[string][]string{
		"a.example/dex:1": {"charts"}, "a.example/karma:1": {"bundled-charts", "charts"}, "a.example/util:1": {"charts", "components"}, "a.example/dns:1": {"addons"}, "a.example/listed:1": nil,
	} {
		img := images.Image{Ref: parse(t, text)}
		for _, source := range sources {
			img.Reasons = append(img.Reasons, images.Reason{Source: source})
		}
		c.Add(img)
	}
	var got []images.Ref
	for _, img := range pullers.OnNodes(c.Inventory()).Images {
		got = append(got, img.Ref)
	}
	if names(got) != "dns listed util" {
		t.Errorf("nodes may pull %s", names(got))
	}
}

func TestFutureNodesHaveNoCredentials(t *testing.T) {
	m := pullers.Mirror{Host: "mirror:5000", NodesTrust: true, PullSecret: []byte("new")}
	got := pullers.FutureNodes(nil, m, needed(t), "v2.31.0")
	if got.Docker != nil || !got.Trust.User || names(got.Needs) != "calico/node cilium/cilium" {
		t.Errorf("%+v", got)
	}
	if got := pullers.FutureNodes([]string{"mirror:5000"}, m, needed(t), "v2.31.0"); !got.Trust.Unverified {
		t.Errorf("the datacenter lets nodes pull without verification: %+v", got.Trust)
	}
}

func TestRefusalsSayWhoWhyAndWhatToDo(t *testing.T) {
	m := pullers.Mirror{Host: "mirror:5000"}
	kkpPulls := pullers.KKP(kkp.Installation{}, m, needed(t))
	refused := func(class images.Class, cause string) []pullers.Refused {
		return []pullers.Refused{{Ref: parse(t, "a:1"), Class: class, Cause: cause}, {Ref: parse(t, "b:1"), Class: class, Cause: cause}}
	}
	nodes := pullers.Nodes([]pullers.Node{node("a", "x", nil), node("b", "", errors.New("forbidden"))}, m, needed(t), "v2.31.0")
	err := &pullers.Error{Mirror: images.Target{Registry: "mirror:5000", Prefix: "kkp"}, Refusals: []pullers.Refusal{
		{Puller: kkpPulls, Refused: refused(images.ClassAuth, "401 unauthorized")},
		{Puller: nodes[0], Refused: refused(images.ClassAuth, "401 unauthorized")},
		{Puller: nodes[1]},
		{Puller: pullers.Charts(m, needed(t)), Refused: refused(images.ClassTLS, "unknown authority")[:1]},
	}}
	want := `mirror:5000/kkp has the images, but some clients could not pull them after the change; nothing was changed:
  KKP (on the master and the Seeds, with the control planes of user clusters): 2 images: 401 unauthorized: the mirror needs a login, and the KubermaticConfiguration has no imagePullSecret
    set it in the same change with --pull-secret NAME|FILE
  the nodes of the user cluster a: 2 images: 401 unauthorized: the mirror refuses the credentials
    put a Secret of the type kubernetes.io/dockerconfigjson into the user cluster, and name it in spec.imagePullSecret (name, namespace) of the Cluster
  the nodes of the user cluster b: the credentials cannot be read: forbidden
  KKP (for the charts of its applications): 1 image: unknown authority
    add the CA of the mirror to the ConfigMap that spec.caBundle names
To skip this check, pass --skip-verify`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
