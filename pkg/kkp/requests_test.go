package kkp_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// fleet is an installation whose master is the Seed a; b is another Seed.
type fleet struct {
	a, b, user *apiServer
	users      func(*rest.Config) http.RoundTripper // of user clusters; nil: user
}

// newFleet has a number of user clusters, each with 3 pods and 2 addons, half of them on each Seed.
func newFleet(t *testing.T, clusters int) *fleet {
	t.Helper()
	onA := objects(t,
		"{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k, namespace: kkp}, status: {kubermaticVersion: v2.31.0, kubermaticEdition: CE}}",
		"{apiVersion: v1, kind: Namespace, metadata: {name: kube-system, uid: a}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: dex, namespace: dex}, spec: {containers: [{image: dex}]}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: shop}, spec: {containers: [{image: shop}]}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: proxy, namespace: kube-system}, spec: {containers: [{image: kube-proxy}]}}")
	onB := objects(t, "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system, uid: b}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: minio, namespace: minio}, spec: {containers: [{image: minio}]}}")
	for _, seed := range []string{"a", "b"} {
		onA = append(onA, objects(t, kubeconfigSecret("kkp", "seed-"+seed, "https://"+seed+".example.com"),
			fmt.Sprintf("{apiVersion: kubermatic.k8c.io/v1, kind: Seed, metadata: {name: %s, namespace: kkp}, spec: {kubeconfig: {name: seed-%s}}}", seed, seed))...)
	}
	for i := range clusters {
		on := []*[]*unstructured.Unstructured{&onA, &onB}[i%2]
		*on = append(*on, userCluster(t, fmt.Sprintf("c%d", i))...)
	}
	app := "{apiVersion: apps.kubermatic.k8c.io/v1, kind: ApplicationInstallation, metadata: {name: web, namespace: default}, spec: {applicationRef: {name: web, version: 1.0.0}}}"
	return &fleet{a: newAPI(onA...), b: newAPI(onB...), user: newAPI(objects(t, app)...)}
}

// userCluster is what a Seed has of a user cluster.
func userCluster(t *testing.T, name string) []*unstructured.Unstructured {
	t.Helper()
	texts := []string{
		"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: " + name + "}, spec: {version: 1.35.7, cloud: {dc: a, aws: {}}}}",
		kubeconfigSecret("cluster-"+name, "admin-kubeconfig", "https://"+name+".example.com"),
	}
	for i := range 3 {
		texts = append(texts, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: p%d, namespace: cluster-%s, labels: {app: apiserver}}, spec: {containers: [{image: %s-%d}]}}", i, name, name, i))
	}
	for i := range 2 {
		texts = append(texts, fmt.Sprintf("{apiVersion: kubermatic.k8c.io/v1, kind: Addon, metadata: {name: a%d, namespace: cluster-%s}, spec: {name: a%d}}", i, name, i))
	}
	return objects(t, texts...)
}

// connect is a kkp.Connect.
func (f *fleet) connect(config *rest.Config) (kkp.Client, error) {
	switch {
	case config.Host == "https://a.example.com":
		return clientThrough(f.a)
	case config.Host == "https://b.example.com":
		return clientThrough(f.b)
	case f.users != nil:
		return clientThrough(f.users(config))
	}
	return clientThrough(f.user)
}

func (f *fleet) load(t *testing.T, progress func(read, known int)) kkp.Installation {
	t.Helper()
	inst, err := kkp.Load(t.Context(), f.a.client(t), kkp.Request{Connect: f.connect, Progress: progress})
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// podsOf are the images of pods, sorted.
func podsOf(inst kkp.Installation) []string {
	var found []string
	add := func(where string, pods []kkp.Pod) {
		for _, pod := range pods {
			found = append(found, where+" "+pod.Namespace+" "+strings.Join(pod.Images, ","))
		}
	}
	add("master", inst.Pods)
	for _, seed := range inst.Seeds {
		add(seed.Name, seed.Pods)
	}
	slices.Sort(found)
	return found
}

// TestRequests counts the requests to API servers: they do not grow with the user clusters, but for
// one request to each of them and pages of lists.
func TestRequests(t *testing.T) {
	for _, clusters := range []int{4, 400} {
		f := newFleet(t, clusters)
		read := 0
		inst := f.load(t, func(done, known int) { read = max(read, done) })
		if len(inst.Unread) > 0 {
			t.Errorf("%v", inst.Unread)
		}
		toA, toB, toUsers := f.a.asked(), f.b.asked(), f.user.asked()
		// The budget has six requests to each API server for discovery, which this server lacks.
		if total := len(toA) + len(toB) + len(toUsers) + 3*3; total > 20+10*2+2*clusters {
			t.Errorf("%d user clusters: %d requests", clusters, total)
		}
		pages := clusters * 3 / 2 / 500
		if len(toUsers) != clusters || len(toA) > 15+pages || len(toB) > 7+pages {
			t.Errorf("%d user clusters: %d requests to them, and to the Seeds\n%s\n%s", clusters, len(toUsers), strings.Join(toA, "\n"), strings.Join(toB, "\n"))
		}
		pods := podsOf(inst)
		if len(pods) != clusters*3+2 || !slices.Contains(pods, "master dex dex") || !slices.Contains(pods, "b minio minio") || !slices.Contains(pods, "a cluster-c0 c0-0") {
			t.Errorf("%d user clusters: %d pods, %v", clusters, len(pods), pods[:4])
		}
		if len(inst.Applications.Installations) != clusters || inst.Applications.InstallationsUnknown != nil || len(inst.Seeds[1].Clusters[0].Addons) != 2 || read != clusters {
			t.Errorf("%d user clusters: %d installed applications, %d addons, %d read", clusters, len(inst.Applications.Installations), len(inst.Seeds[1].Clusters[0].Addons), read)
		}
	}
}

// TestForbiddenAcrossNamespaces has users who may list in some namespaces only: the list is the same,
// and what they may not read is named.
func TestForbiddenAcrossNamespaces(t *testing.T) {
	want := newFleet(t, 6).load(t, nil)
	f := newFleet(t, 6)
	across := func(r *http.Request) *apierrors.StatusError {
		for _, path := range []string{"/api/v1/pods", "/api/v1/secrets"} {
			if r.URL.Path == path {
				return forbidden("pods", path)(r)
			}
		}
		return nil
	}
	f.a.refuse, f.b.refuse = across, across
	got := f.load(t, nil)
	if diff := cmp.Diff(podsOf(want), podsOf(got)); diff != "" || len(got.Unread) > 0 {
		t.Errorf("%s %v", diff, got.Unread)
	}
	if len(got.Applications.Installations) != 6 {
		t.Errorf("%+v", got.Applications)
	}

	f = newFleet(t, 2)
	f.b.refuse = forbidden("pods", "pods?")
	got = f.load(t, nil)
	var subjects []string
	for _, u := range got.Unread {
		var cause *kkp.ForbiddenError
		if !errors.As(u.Err, &cause) || cause.Cause() != "you may not list pods on Seed b: a role with verb list on resource pods is needed" {
			t.Errorf("%v", u)
		}
		subjects = append(subjects, u.Subject)
	}
	if len(subjects) != 13 || !slices.Contains(subjects, "namespace cluster-c1 on Seed b") {
		t.Errorf("%q", subjects)
	}
}

// TestFilledNamespace has somebody who fills one namespace: the others are read.
func TestFilledNamespace(t *testing.T) {
	var bombs []stored
	for i := range 200 {
		bombs = append(bombs, stored{namespace: "minio", name: fmt.Sprintf("bomb%d", i), revision: 1, chart: "minio", broken: true})
	}
	inst := load(t, append(bombs, stored{namespace: "monitoring", name: "a", revision: 2, chart: "grafana"})...)
	releases, unread := read(inst)
	if diff := cmp.Diff([]string{"monitoring/a.v2"}, releases); diff != "" || !slices.Contains(unread, "Helm releases in namespace minio on master") || len(unread) > 110 {
		t.Errorf("%s %d %v", diff, len(unread), unread[len(unread)-1])
	}
}
