package apply_test

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// seedWith is a Seed with a proxy and an annotation of previous values, "" for none.
func seedWith(proxy, previous string) *unstructured.Unstructured {
	seed := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": "Seed", "metadata": map[string]any{"name": "a"}, "spec": map[string]any{"proxy": proxy},
	}}
	if previous != "" {
		seed.SetAnnotations(map[string]string{apply.PreviousAnnotation: previous})
	}
	return seed
}

func anySchema() apply.Schema {
	return apply.SchemaOf(map[string]any{"properties": map[string]any{"spec": map[string]any{"x-kubernetes-preserve-unknown-fields": true}}})
}

// TestPasswordsThatWereChanged keeps the value from before the first change, for a revert, and
// none of those that were given since but the last.
func TestPasswordsThatWereChanged(t *testing.T) {
	live := seedWith("http://u:first@proxy", "")
	for _, password := range []string{"second", "third", "fourth"} {
		change, err := apply.Compute(live, anySchema(), []apply.Edit{{Path: apply.ParsePath("spec.proxy"), Value: "http://u:" + password + "@proxy"}})
		if err != nil {
			t.Fatal(err)
		}
		live = change.After
	}
	kept := live.GetAnnotations()[apply.PreviousAnnotation]
	for password, want := range map[string]bool{"first": true, "second": false, "third": false, "fourth": true} {
		if strings.Contains(kept, password) != want {
			t.Errorf("%s: %t in %s", password, !want, kept)
		}
	}
	printed, err := json.Marshal(apply.Masked(live).Object)
	if err != nil || strings.Contains(string(printed), "first") || strings.Contains(string(printed), "fourth") {
		t.Errorf("%v %s", err, printed)
	}
	change, err := apply.Revert(live, func(apply.Path) bool { return true }, false)
	if err != nil || apply.ParsePath("spec.proxy").Lookup(change.After.Object) != "http://u:first@proxy" {
		t.Errorf("%v %v", err, change.After)
	}
}

// FuzzPrevious reads an annotation that anybody can have written. Whatever it says, a revert
// touches nothing but the spec and the annotations.
func FuzzPrevious(f *testing.F) {
	for _, previous := range []string{
		`[{"path":["spec","proxy"],"present":1,"set":"http://proxy"}]`,
		`[{"path":["spec","a","b","c"],"present":4,"previous":{"x":[1,2.5,null]},"set":1}]`,
		`[{"path":["metadata","annotations","a"],"present":3,"previous":"x","set":"y"}]`,
		`[{"path":["metadata","name"],"present":2,"previous":"x","set":"a"}]`,
		`[{"path":["spec"],"present":1,"previous":{},"set":{}}]`,
		`[{"path":["spec","proxy","deeper"],"present":3,"previous":1,"set":2}]`,
		`[{"path":[],"present":-1}]`, `{}`, `null`, `[null]`, `[`, strings.Repeat(`[`, 300),
	} {
		f.Add(previous)
	}
	f.Fuzz(func(t *testing.T, previous string) {
		live := seedWith("http://proxy", previous)
		before, err := json.Marshal(live)
		if err != nil {
			t.Skip("the previous values are not valid in JSON")
		}
		for _, force := range []bool{false, true} {
			change, err := apply.Revert(live, func(apply.Path) bool { return true }, force)
			if err != nil {
				continue
			}
			if change.After.GetName() != "a" || change.After.GetKind() != "Seed" || change.After.Object["spec"] == nil && len(change.Edits) == 0 {
				t.Errorf("%q made %v", previous, change.After)
			}
			if _, err := json.Marshal(change.After); err != nil {
				t.Errorf("%q made what cannot be written: %v", previous, err)
			}
		}
		if after, err := json.Marshal(live); err != nil || string(after) != string(before) {
			t.Errorf("%q changed the object that was read: %v", previous, err)
		}
		_, _ = apply.Compute(live, anySchema(), []apply.Edit{{Path: apply.ParsePath("spec.proxy"), Value: "http://another"}})
	})
}
