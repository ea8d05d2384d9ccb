package edit_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
)

// server is an API with two Secrets that answers every patch with the object that it has, but
// for the names that it refuses.
type server struct {
	*fake.FakeDynamicClient
	refuses []string
	patches []clienttesting.PatchActionImpl
}

func newServer(refuses ...string) *server {
	secret := func(name string) runtime.Object {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name, "namespace": "kkp", "resourceVersion": "1"},
		}}
	}
	s := &server{refuses: refuses}
	s.FakeDynamicClient = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{kkp.CoreResource("secrets"): "SecretList"}, secret("one"), secret("two"))
	s.PrependReactor("patch", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		patched, _ := action.(clienttesting.PatchActionImpl)
		s.patches = append(s.patches, patched)
		if slices.Contains(s.refuses, patched.Name) {
			return true, nil, errors.New("refused " + patched.Name)
		}
		object, err := s.Tracker().Get(patched.Resource, patched.Namespace, patched.Name)
		return true, object, err
	})
	return s
}

func (s *server) editor() edit.Editor {
	return edit.New(kkp.Client{Interface: s}, "kkp", edit.Options{Manager: "tests"})
}

// marks are the changes that mark both Secrets.
func marks(t *testing.T, e edit.Editor) []edit.Edited {
	t.Helper()
	mark := []apply.Edit{{Path: apply.Path{"metadata", "annotations", "marked"}, Value: "yes"}}
	changes, err := e.ComputeAll(t.Context(), []patch.Object{{Kind: patch.KindSecret, Name: "one", Edits: mark}, {Kind: patch.KindSecret, Name: "two", Edits: mark}})
	if err != nil || len(changes) != 2 || changes[0].Change.Empty() {
		t.Fatalf("%+v, %v", changes, err)
	}
	return changes
}

// TestOneFailureKeepsNoOther refuses one of two changes: the other is made, and the result
// tells them apart.
func TestOneFailureKeepsNoOther(t *testing.T) {
	s := newServer("one")
	e := s.editor()
	changes, err := edit.Apply(t.Context(), marks(t, e))
	if err == nil || !strings.Contains(err.Error(), "refused one") {
		t.Errorf("got %v", err)
	}
	if changes[0].After != nil || changes[1].After == nil || len(s.patches) != 2 {
		t.Errorf("got %+v after %d requests", changes, len(s.patches))
	}
}

func TestTryIsADryRun(t *testing.T) {
	s := newServer()
	e := s.editor()
	changes, err := edit.Try(t.Context(), marks(t, e))
	if err != nil || changes[0].Result() != changes[0].After {
		t.Fatalf("%+v, %v", changes, err)
	}
	for _, patched := range s.patches {
		if !slices.Equal(patched.PatchOptions.DryRun, []string{"All"}) || patched.PatchOptions.FieldManager != "tests" {
			t.Errorf("%+v", patched.PatchOptions)
		}
	}
}

// TestChangedMeanwhile changes a field between the computation and the change.
func TestChangedMeanwhile(t *testing.T) {
	s := newServer()
	e := s.editor()
	changes := marks(t, e)
	other := changes[0].Change.Live.DeepCopy()
	other.SetAnnotations(map[string]string{"marked": "by somebody else"})
	if err := s.Tracker().Update(kkp.CoreResource("secrets"), other, "kkp"); err != nil {
		t.Fatal(err)
	}
	_, err := edit.Apply(t.Context(), changes)
	var stale *apply.StaleError
	if !errors.As(err, &stale) || len(s.patches) != 1 {
		t.Errorf("got %v after %d requests", err, len(s.patches))
	}
}

func TestRevertWithoutObject(t *testing.T) {
	e := newServer().editor()
	every := func(apply.Path) bool { return true }
	if reverted, err := e.Revert(t.Context(), patch.KindSecret, "gone", every); err != nil || !reverted.Change.Empty() {
		t.Errorf("a Secret: %+v, %v", reverted, err)
	}
	if _, err := e.Revert(t.Context(), patch.KindSeed, "gone", every); err == nil {
		t.Error("a Seed that does not exist was reverted")
	}
}
