package apply

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// TestServer tries changes on a real API server: what it makes of an apply cannot be told
// otherwise.
func TestServer(t *testing.T) {
	sandbox := harness.ForTest(t, "true")
	config, err := clientcmd.BuildConfigFromFlags("", sandbox.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 500, 500
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	api, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := ReadSchema(api.OpenAPIV3(), schema.GroupVersionKind{Group: "kubermatic.k8c.io", Version: "v1", Kind: "Seed"})
	if err != nil {
		t.Fatal(err)
	}
	s := server{Client: Client{Interface: client, Manager: Manager}, schema: schema}
	t.Run("random changes", s.random)
	t.Run("defaults", s.defaults)
	t.Run("conflicts", s.conflicts)
	t.Run("meanwhile", s.meanwhile)
	t.Run("dry run", s.dryRun)
	t.Run("rejected", s.rejected)
}

// server is the API server with a Seed to change.
type server struct {
	Client
	schema Schema
}

func seeds() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "kubermatic.k8c.io", Version: "v1", Resource: "seeds"}
}

func (s server) seed(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	object, err := s.Resource(seeds()).Namespace("kubermatic").Get(t.Context(), "hamburg", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// essence is what must be the same after a change was taken back.
func essence(object *unstructured.Unstructured) map[string]any {
	object = object.DeepCopy()
	for _, key := range []string{"managedFields", "resourceVersion", "generation"} {
		unstructured.RemoveNestedField(object.Object, "metadata", key)
	}
	return object.Object
}

func (s server) patch(t *testing.T, edits ...Edit) (*unstructured.Unstructured, error) {
	t.Helper()
	change, err := Compute(s.seed(t), s.schema, edits)
	if err != nil {
		t.Fatal(err)
	}
	if change.Empty() {
		return change.Live, nil
	}
	return s.Apply(t.Context(), seeds(), change)
}

func (s server) revert(t *testing.T) {
	t.Helper()
	change, err := Revert(s.seed(t), everything, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(t.Context(), seeds(), change); err != nil {
		t.Fatal(err)
	}
}

// other changes a field as another manager.
func (s server) other(t *testing.T, manager string, kind types.PatchType, text string) {
	t.Helper()
	force := true
	options := metav1.PatchOptions{FieldManager: manager}
	if kind == types.ApplyPatchType {
		options.Force = &force
	}
	if _, err := s.Resource(seeds()).Namespace("kubermatic").Patch(t.Context(), "hamburg", kind, []byte(text), options); err != nil {
		t.Fatal(err)
	}
}

func randomSettings(r *rand.Rand) []Edit {
	node := func(keys ...string) Path {
		return append(Path{"spec", "datacenters", []string{"hamburg-vsphere", "hamburg-byo"}[r.IntN(2)], "node"}, keys...)
	}
	value := func() string { return fmt.Sprintf("reg%d.example.com/a/b", r.IntN(3)) }
	all := []Edit{
		{node("httpProxy"), "http://" + value()},
		{node("insecureRegistries"), []any{value(), "b:1"}},
		{node("containerdRegistryMirrors", "registries", "docker.io", "mirrors"), []any{"https://" + value()}},
		{node("containerdRegistryMirrors", "registries", "reg:5000", "mirrors"), []any{"https://" + value()}},
		{ParsePath("spec.nodeportProxy.envoy.dockerRepository"), value()},
		{ParsePath("spec.nodeportProxy.updater.dockerRepository"), value()},
		{ParsePath("spec.proxySettings.httpProxy"), value()},
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+r.IntN(len(all))]
}

func (s server) random(t *testing.T) {
	for n := range uint64(25) {
		r := rand.New(rand.NewPCG(n, 1))
		before := essence(s.seed(t))
		for range 1 + r.IntN(3) {
			edits := randomSettings(r)
			after, err := s.patch(t, edits...)
			if err != nil {
				t.Fatal(err)
			}
			for _, edit := range edits {
				if diff := cmp.Diff(edit.Value, edit.Path.Lookup(after.Object)); diff != "" {
					t.Fatalf("run %d: %s: %s", n, edit.Path, diff)
				}
				if names := owners(after, Path{"spec", "datacenters", "hamburg-vsphere", "country"}); slices.Contains(names, Manager) {
					t.Fatalf("run %d: the manager took a field that it does not change", n)
				}
			}
			if again, err := Compute(s.seed(t), s.schema, edits); err != nil || !again.Empty() {
				t.Fatalf("run %d: a second patch: %v, %v", n, again.Edits, err)
			}
		}
		s.revert(t)
		now := s.seed(t)
		if diff := cmp.Diff(before, essence(now)); diff != "" {
			t.Fatalf("run %d: not what it was:\n%s", n, diff)
		}
		if names := owners(now, ParsePath("spec.country")); !slices.Equal(names, []string{"kubermatic-installer"}) {
			t.Fatalf("run %d: a field that was never changed is owned by %v", n, names)
		}
	}
}

// defaults makes a map that the API server fills in, and lets someone else use it.
func (s server) defaults(t *testing.T) {
	before := s.seed(t)
	if _, err := s.patch(t, Edit{ParsePath("spec.nodeportProxy.envoy.dockerRepository"), "reg/envoy"}); err != nil {
		t.Fatal(err)
	}
	if ParsePath("spec.nodeportProxy.envoy.replicas").Lookup(s.seed(t).Object) == nil {
		t.Fatal("the API server filled in nothing: this tests nothing")
	}
	s.other(t, "kubectl-edit", types.MergePatchType, `{"spec":{"nodeportProxy":{"envoy":{"replicas":5}}}}`)
	s.revert(t)
	if got := ParsePath("spec.nodeportProxy.envoy").Lookup(s.seed(t).Object); cmp.Diff(got, map[string]any{"replicas": int64(5)}) != "" {
		t.Errorf("got %v", got)
	}
	s.other(t, "kubectl-edit", types.MergePatchType, `{"spec":{"nodeportProxy":null}}`)
	if diff := cmp.Diff(essence(before), essence(s.seed(t))); diff != "" {
		t.Error(diff)
	}
}

func (s server) conflicts(t *testing.T) {
	path := ParsePath("spec.proxySettings.httpProxy")
	s.other(t, "argocd-controller", types.ApplyPatchType,
		`{"apiVersion":"kubermatic.k8c.io/v1","kind":"Seed","metadata":{"name":"hamburg"},"spec":{"proxySettings":{"httpProxy":"http://theirs:1"}}}`)
	before := essence(s.seed(t))
	_, err := s.patch(t, Edit{path, "http://ours:1"})
	var conflict *ConflictError
	if !errors.As(err, &conflict) || !strings.Contains(err.Error(), `spec.proxySettings.httpProxy, owned by "argocd-controller"`) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(before, essence(s.seed(t))); diff != "" {
		t.Error(diff)
	}
	forced := s
	forced.Force = true
	for range 2 { // the second time, only this manager's own past is in conflict
		if _, err := forced.patch(t, Edit{path, "http://ours:1"}); err != nil {
			t.Fatal(err)
		}
		s.revert(t)
		if diff := cmp.Diff(before, essence(s.seed(t))); diff != "" {
			t.Error(diff)
		}
		forced.Force = false
	}
}

// meanwhile lets the object change between reading and writing.
func (s server) meanwhile(t *testing.T) {
	change, err := Compute(s.seed(t), s.schema, []Edit{{ParsePath("spec.country"), "FR"}})
	if err != nil {
		t.Fatal(err)
	}
	s.other(t, "kubectl-edit", types.MergePatchType, `{"spec":{"country":"NL"}}`)
	s.Force = true
	var stale *StaleError
	if _, err := s.Apply(t.Context(), seeds(), change); !errors.As(err, &stale) {
		t.Errorf("got %v", err)
	}
	if _, err := change.Renew(s.seed(t)); !errors.As(err, &stale) {
		t.Errorf("got %v", err)
	}
	if got := ParsePath("spec.country").Lookup(s.seed(t).Object); got != "NL" {
		t.Errorf("got %v", got)
	}
}

func (s server) dryRun(t *testing.T) {
	before := s.seed(t)
	s.DryRun = true
	after, err := s.patch(t, Edit{ParsePath("spec.proxySettings.noProxy"), "here"})
	if err != nil || ParsePath("spec.proxySettings.noProxy").Lookup(after.Object) != "here" {
		t.Fatalf("got %v, %v", after, err)
	}
	if now := s.seed(t); now.GetResourceVersion() != before.GetResourceVersion() {
		t.Error("a dry run changed the object")
	}
}

// rejected sets what KKP's webhook does not allow.
func (s server) rejected(t *testing.T) {
	_, err := s.patch(t, Edit{Path{"spec", "datacenters", "hamburg-byo", "spec", "aws"}, map[string]any{"region": "eu"}})
	if err == nil || !strings.Contains(err.Error(), "hamburg-byo") || !strings.Contains(err.Error(), "admission webhook") || !strings.HasPrefix(err.Error(), "seed.kubermatic.k8c.io/hamburg: ") {
		t.Errorf("got %v", err)
	}
}
