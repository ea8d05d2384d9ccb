package kkp_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// allParts are all parts that checks read.
func allParts() []kkp.Part {
	return []kkp.Part{
		kkp.PartSeeds, kkp.PartClusters, kkp.PartPods, kkp.PartAddons, kkp.PartReleases, kkp.PartApps, kkp.PartAPI,
		kkp.PartProfiles, kkp.PartAccess, kkp.PartUserPods,
	}
}

func (f *fleet) loadAll(t *testing.T) kkp.Installation {
	t.Helper()
	inst, err := kkp.Load(t.Context(), f.a.client(t), kkp.Request{Connect: f.connect, Parts: allParts()})
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// missing are the rights that the users of kubeconfigs lack, by cluster.
func missing(inst kkp.Installation) []string {
	var lines []string
	for _, access := range inst.Access {
		if access.Err != nil || access.Unknown != nil {
			lines = append(lines, fmt.Sprintf("%s: %v %v", access.Cluster, access.Err, access.Unknown))
		}
		for _, right := range access.Missing {
			lines = append(lines, access.Cluster+": "+right.String())
		}
	}
	return lines
}

// requested returns the right that a request needs.
func requested(t *testing.T, request string) attributes {
	t.Helper()
	parsed, err := url.Parse(request)
	if err != nil {
		t.Fatal(err)
	}
	resource, namespace, name := parsePath(parsed.Path)
	verb := "list"
	if name != "" {
		verb = "get"
	}
	return attributes{verb, resource.Group, resource.Resource, namespace, name}
}

func of(right kkp.Right) attributes {
	return attributes{right.Verb, right.Group, right.Resource, right.Namespace, right.Name}
}

// compareRights wants each request to be allowed by a right, and each right to be used by a request,
// but for those that other parts of the plugin use.
func compareRights(t *testing.T, requests []string, rights []kkp.Right, others ...string) {
	t.Helper()
	used := map[string]bool{}
	for _, request := range requests {
		wanted := requested(t, request)
		i := slices.IndexFunc(rights, func(right kkp.Right) bool { return of(right) == wanted })
		if i < 0 {
			t.Errorf("no right for %s", request)
			continue
		}
		used[rights[i].String()] = true
	}
	for _, right := range rights {
		if !used[right.String()] && !slices.Contains(others, right.String()) {
			t.Errorf("no request uses the right to %s", right)
		}
	}
}

// TestRights compares the rights that checks ask for with the requests of Load.
func TestRights(t *testing.T) {
	f := newFleet(t, 4)
	f.a.objects = append(f.a.objects, objects(t, "{apiVersion: apps.kubermatic.k8c.io/v1, kind: ApplicationDefinition, metadata: {name: web}, "+
		"spec: {versions: [{version: 1.0.0, template: {source: {helm: {url: 'oci://a.example.com', chartName: web, chartVersion: 1.0.0, credentials: {username: {name: helm, key: u}}}}}}]}}")...)
	f.b.objects = append(f.b.objects, f.user.objects...)
	inst := f.loadAll(t)
	if lines := missing(inst); len(lines) > 0 || len(inst.Access) != 1+2+4 {
		t.Errorf("%q, %d clusters", lines, len(inst.Access))
	}
	rights := kkp.MasterRights(inst, "")
	compareRights(t, f.a.asked(), append(rights, kkp.SeedRights(inst.Seeds[0], false)...),
		"get configmaps kkp/ca-bundle", "get kubermaticconfigurations.kubermatic.k8c.io kkp/k", "get deployments.apps kkp/kubermatic-operator",
		"get seeds.kubermatic.k8c.io kkp/a", "get seeds.kubermatic.k8c.io kkp/b")
	compareRights(t, f.user.asked(), kkp.UserClusterRights(true))
	clusters := slices.Clone(inst.Seeds[1].Clusters)
	for i := range clusters {
		clusters[i].PullSecret = kkp.SecretKey{Namespace: "kube-system", Name: "login"}
	}
	_ = kkp.FindNodeLogins(t.Context(), f.a.client(t), inst.Seeds[1], clusters, f.connect) // the Secrets are in the user clusters
	compareRights(t, f.b.asked(), kkp.SeedRights(inst.Seeds[1], false))
	if !slices.ContainsFunc(rights, func(right kkp.Right) bool { return right.String() == "get secrets kkp/helm" }) {
		t.Errorf("%v", rights)
	}
}

// TestMissingRights takes the rights away one by one: exactly the right is missing.
func TestMissingRights(t *testing.T) {
	f := newFleet(t, 2)
	inst := f.loadAll(t)
	for _, c := range []struct {
		server  *apiServer
		cluster string
		rights  []kkp.Right
	}{
		{f.a, "master", kkp.MasterRights(inst, "")},
		{f.b, "Seed b", kkp.SeedRights(inst.Seeds[1], false)},
		{f.user, "user cluster c0 on Seed a", kkp.UserClusterRights(true)},
	} {
		for _, right := range c.rights {
			c.server.lacks = func(asked attributes) bool {
				return asked == of(right) || asked.Verb == right.Verb && asked.Group == right.Group && asked.Resource == right.Resource && right.Namespace == "" || asked.Verb == "*"
			}
			lines := missing(f.loadAll(t))
			if want := c.cluster + ": " + right.String(); !slices.Contains(lines, want) {
				t.Errorf("without %s: %q", want, lines)
			}
			for _, line := range lines {
				if !strings.HasSuffix(line, ": "+right.String()) {
					t.Errorf("without the right to %s: %s", right, line)
				}
			}
		}
		c.server.lacks = nil
	}
}

// TestNarrowRights has users with rights in some namespaces only: those that are missing are named, but
// not each one of many.
func TestNarrowRights(t *testing.T) {
	for name, c := range map[string]struct {
		clusters int
		lacks    func(attributes) bool
		want     []string
	}{
		"one namespace of KKP": {2, func(a attributes) bool { return a.Resource == "pods" && (a.Namespace == "" || a.Namespace == "minio") }, []string{"Seed b: list pods in namespace minio"}},
		"those of user clusters": {
			4, func(a attributes) bool {
				return a.Namespace == "" && a.Name == "" && a.Group == "" || strings.HasPrefix(a.Namespace, "cluster-")
			},
			[]string{"Seed b: list pods in namespace cluster-c1", "Seed b: list pods in namespace cluster-c3", "Seed b: get secrets cluster-c1/admin-kubeconfig", "Seed b: get secrets cluster-c3/admin-kubeconfig"},
		},
		"those of many user clusters": {
			40, func(a attributes) bool {
				return a.Namespace == "" && a.Name == "" && a.Group == "" || strings.HasPrefix(a.Namespace, "cluster-")
			},
			[]string{"Seed b: list pods in all namespaces", "Seed b: list secrets in all namespaces"},
		},
	} {
		f := newFleet(t, c.clusters)
		f.b.lacks = c.lacks
		if diff := cmp.Diff(c.want, missing(f.loadAll(t))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestOneUserCluster has a Seed with one user cluster, and a user who may list Secrets and not get them.
func TestOneUserCluster(t *testing.T) {
	f := newFleet(t, 2)
	f.b.refuse = forbidden("secrets", "/secrets/")
	if inst := f.loadAll(t); len(inst.Unread) > 0 || len(missing(inst)) > 0 {
		t.Errorf("%v %q", inst.Unread, missing(inst))
	}
}

// TestRequestsToUserClusters wants six requests to each user cluster, and one more for each further
// 2,500 pods.
func TestRequestsToUserClusters(t *testing.T) {
	const clusters = 4
	for pods, want := range map[int]int{10: 6, 2500: 6, 2501: 7, 6000: 8} {
		f := newFleet(t, clusters)
		for i := range pods {
			f.user.objects = append(f.user.objects, object(t, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: p%d, namespace: shop}, spec: {containers: [{image: shop}]}}", i)))
		}
		inst := f.loadAll(t)
		if total := len(f.user.asked()) + f.user.reviews; total != want*clusters {
			t.Errorf("%d requests to %d user clusters with %d pods each", total, clusters, pods)
		}
		if read := inst.Seeds[1].Clusters[0].PodUse.Pods; read != pods {
			t.Errorf("%d of %d pods", read, pods)
		}
	}
}

// TestSilentClusters has clusters that do not answer.
func TestSilentClusters(t *testing.T) {
	f := newFleet(t, 2)
	f.users = func(*rest.Config) http.RoundTripper {
		return transport(func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("no route to host") })
	}
	for _, obj := range f.a.objects {
		if obj.GetName() == "seed-b" {
			obj.SetName("another")
		}
	}
	lines := missing(f.loadAll(t))
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "user cluster c0 on Seed a: ") || !strings.HasPrefix(lines[1], "Seed b: secrets") {
		t.Errorf("%q", lines)
	}
}

// certificate is a certificate in PEM format that is valid until a time.
func certificate(t *testing.T, end time.Time) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestValidity reads how long kubeconfigs are valid.
func TestValidity(t *testing.T) {
	end := func(year int) time.Time { return time.Date(year, 5, 1, 0, 0, 0, 0, time.UTC) }
	file := filepath.Join(t.TempDir(), "client.crt")
	if err := os.WriteFile(file, certificate(t, end(2031)), 0o600); err != nil {
		t.Fatal(err)
	}
	claims := func(text string) string { return "e30." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".c2ln" }
	for name, c := range map[string]struct {
		config *rest.Config
		want   []kkp.Validity
	}{
		"unknown":         {},
		"nothing":         {config: &rest.Config{BearerToken: "x"}},
		"a token":         {config: &rest.Config{BearerToken: claims(`{"exp": 1935705600}`)}, want: []kkp.Validity{{Part: "token", End: time.Unix(1935705600, 0).UTC()}}},
		"broken tokens":   {config: &rest.Config{BearerToken: claims(`{"exp": "x"}`)}},
		"an endless year": {config: &rest.Config{BearerToken: claims(`{"exp": 1e300}`)}},
		"certificates": {
			config: &rest.Config{TLSClientConfig: rest.TLSClientConfig{
				CertData: slices.Concat(certificate(t, end(2030)), certificate(t, end(2029))), CAData: slices.Concat(certificate(t, end(2028)), certificate(t, end(2032))),
			}},
			want: []kkp.Validity{{Part: "client certificate", End: end(2030)}, {Part: "CA certificate", End: end(2032)}},
		},
		"a file":       {config: &rest.Config{TLSClientConfig: rest.TLSClientConfig{CertFile: file}}, want: []kkp.Validity{{Part: "client certificate", End: end(2031)}}},
		"no such file": {config: &rest.Config{TLSClientConfig: rest.TLSClientConfig{CertFile: file + "x"}}},
		"broken":       {config: &rest.Config{TLSClientConfig: rest.TLSClientConfig{CertData: []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}}},
	} {
		f := newFleet(t, 0)
		client := f.a.client(t)
		client.Config = c.config
		inst, err := kkp.Load(t.Context(), client, kkp.Request{Connect: f.connect, Parts: []kkp.Part{kkp.PartAccess}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, inst.Access[0].Validity); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
