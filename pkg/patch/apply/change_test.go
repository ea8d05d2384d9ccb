package apply

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// open is the schema of a kind that may have any field.
func open() Schema { return SchemaOf(map[string]any{"x-kubernetes-preserve-unknown-fields": true}) }

func object(spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": "Seed",
		"metadata": map[string]any{"name": "frankfurt", "namespace": "kubermatic"},
		"spec":     spec,
	}}
}

func everything(Path) bool { return true }

// randomTree is a map of maps, texts and lists over a few keys.
func randomTree(r *rand.Rand, depth int) map[string]any {
	tree := map[string]any{}
	for _, key := range []string{"a", "b", "c", "d.e"} {
		switch n := r.IntN(6); {
		case n < 2 && depth > 0:
			tree[key] = randomTree(r, depth-1)
		case n == 2:
			tree[key] = randomValue(r)
		}
	}
	return tree
}

func randomValue(r *rand.Rand) any {
	switch r.IntN(3) {
	case 0:
		return []any{"x", fmt.Sprint(r.IntN(3))}
	case 1:
		return r.IntN(2) == 0
	}
	return fmt.Sprint("v", r.IntN(4))
}

// randomEdits are edits none of which is in the way of another, or of a text in the object.
func randomEdits(r *rand.Rand, object map[string]any) []Edit {
	var edits []Edit
	for range 1 + r.IntN(4) {
		path := Path{"spec"}
		for range 1 + r.IntN(4) {
			path = append(path, []string{"a", "b", "c", "d.e"}[r.IntN(4)])
		}
		if clashes(path, edits) || !settable(path, object) {
			continue
		}
		edits = append(edits, Edit{Path: path, Value: randomValue(r)})
	}
	return edits
}

func clashes(path Path, edits []Edit) bool {
	for _, edit := range edits {
		if path.Within(edit.Path) || edit.Path.Within(path) {
			return true
		}
	}
	return false
}

// settable tells whether a field is, or can be made, one that is no map.
func settable(path Path, object map[string]any) bool {
	for end := 1; end < len(path); end++ {
		value, present := path[:end].lookup(object)
		if _, ok := value.(map[string]any); present == end && !ok {
			return false
		}
	}
	_, isMap := path.Lookup(object).(map[string]any)
	return !isMap
}

func TestPatchesAndRevertAreTheIdentity(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		first := object(randomTree(r, 3))
		now := first.DeepCopy()
		var before []Edit
		for range 1 + r.IntN(3) {
			edits := randomEdits(r, now.Object)
			if !compatible(edits, before) {
				continue
			}
			before = append(before, edits...)
			change, err := Compute(now, open(), edits)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			now = change.After
			if again, err := Compute(now, open(), edits); err != nil || !again.Empty() {
				t.Fatalf("seed %d: a second patch: %v, %v", seed, again.Edits, err)
			}
		}
		change, err := Revert(now, everything, false)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(first.Object, change.After.Object); diff != "" {
			t.Fatalf("seed %d: not what it was (-want +got):\n%s", seed, diff)
		}
		if again, err := Revert(change.After, everything, false); err != nil || !again.Empty() {
			t.Fatalf("seed %d: a second revert: %v, %v", seed, again.Edits, err)
		}
	}
}

// compatible tells whether edits are on other fields than those before, or the same ones.
func compatible(edits, before []Edit) bool {
	for _, edit := range edits {
		for _, old := range before {
			if !reflect.DeepEqual(edit.Path, old.Path) && (edit.Path.Within(old.Path) || old.Path.Within(edit.Path)) {
				return false
			}
		}
	}
	return true
}

func compute(t *testing.T, live *unstructured.Unstructured, edits ...Edit) *unstructured.Unstructured {
	t.Helper()
	change, err := Compute(live, open(), edits)
	if err != nil {
		t.Fatal(err)
	}
	return change.After
}

func TestRevertKeepsWhatIsNotWanted(t *testing.T) {
	now := compute(t, object(map[string]any{}), Edit{ParsePath("spec.a.x"), "1"}, Edit{ParsePath("spec.b.y"), "2"})
	change, err := Revert(now, func(path Path) bool { return path.Within(ParsePath("spec.a")) }, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"b": map[string]any{"y": "2"}}; !reflect.DeepEqual(change.After.Object["spec"], want) {
		t.Errorf("got %v", change.After.Object["spec"])
	}
	rest, err := Revert(change.After, everything, false)
	if err != nil || len(rest.Edits) != 1 || len(rest.After.GetAnnotations()) != 0 {
		t.Errorf("got %v, %v", rest.Edits, err)
	}
}

func TestAChangeBySomeoneElseIsNotUndoneInSilence(t *testing.T) {
	now := compute(t, object(map[string]any{"a": "mine"}), Edit{ParsePath("spec.a"), "mirror"})
	if err := ParsePath("spec.a").set(now.Object, "theirs"); err != nil {
		t.Fatal(err)
	}
	var changed *ChangedError
	if _, err := Revert(now, everything, false); !errors.As(err, &changed) || !strings.Contains(err.Error(), "spec.a") {
		t.Errorf("got %v", err)
	}
	change, err := Revert(now, everything, true)
	if err != nil || change.After.Object["spec"].(map[string]any)["a"] != "mine" {
		t.Errorf("got %v, %v", change.After, err)
	}
	// Patched again, their value is the one to go back to.
	change, err = Revert(compute(t, now, Edit{ParsePath("spec.a"), "mirror2"}), everything, false)
	if err != nil || change.After.Object["spec"].(map[string]any)["a"] != "theirs" {
		t.Errorf("got %v, %v", change.After, err)
	}
}

func TestUnknownFieldsAreReported(t *testing.T) {
	schema := SchemaOf(map[string]any{"properties": map[string]any{"spec": map[string]any{"properties": map[string]any{"a": map[string]any{"type": "string"}}}}})
	change, err := Compute(object(map[string]any{}), schema, []Edit{{ParsePath("spec.a"), "1"}, {ParsePath("spec.b"), "2"}})
	if err != nil || len(change.Edits) != 1 || len(change.Unknown) != 1 || change.Unknown[0].String() != "spec.b" {
		t.Errorf("got %v, %v, %v", change.Edits, change.Unknown, err)
	}
}

func TestRenewFindsConcurrentChanges(t *testing.T) {
	live := object(map[string]any{"a": "1"})
	change, err := Compute(live, open(), []Edit{{ParsePath("spec.a"), "2"}})
	if err != nil {
		t.Fatal(err)
	}
	other := live.DeepCopy()
	_ = ParsePath("spec.z").set(other.Object, "beside it")
	if now, err := change.Renew(other); err != nil || ParsePath("spec.z").Lookup(now.After.Object) != "beside it" {
		t.Errorf("got %v, %v", now.After, err)
	}
	_ = ParsePath("spec.a").set(other.Object, "3")
	var stale *StaleError
	if _, err := change.Renew(other); !errors.As(err, &stale) {
		t.Errorf("got %v", err)
	}
}

func TestBadAnnotationsAreRefused(t *testing.T) {
	for _, text := range []string{
		"garbage", `{}`, `[{"path":[],"present":0}]`, `[{"path":["status","x"],"present":1}]`, `[{"path":["spec","x"],"present":3}]`,
		`[{"path":["spec","x"],"present":-1}]`, `[{"path":["spec"],"present":1,"previous":{}}]`,
	} {
		now := object(map[string]any{"x": "1"})
		now.SetAnnotations(map[string]string{PreviousAnnotation: text})
		if _, err := Revert(now, everything, true); err == nil || !strings.Contains(err.Error(), PreviousAnnotation) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func FuzzRevert(f *testing.F) {
	f.Add(`[{"path":["spec","a","b"],"present":1,"set":"x"}]`)
	f.Add(`[{"path":["spec","a"],"present":2,"previous":{"b":1},"set":[1,null]}]`)
	f.Add(`[{"path":["metadata","name"],"present":2,"previous":7}]`)
	f.Fuzz(func(_ *testing.T, text string) {
		now := object(map[string]any{"a": map[string]any{"b": "x"}})
		now.SetAnnotations(map[string]string{PreviousAnnotation: text})
		_, _ = Revert(now, everything, true)
	})
}
