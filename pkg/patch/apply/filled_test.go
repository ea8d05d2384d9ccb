package apply

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTextsMarkWhatTheServerFilledIn(t *testing.T) {
	live := object(map[string]any{"kept": "a", "gone": "b", "webhook": "c", "list": []any{"one"}})
	change, err := Compute(live, Schema{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ParsePath("spec.envoy.dockerRepository").set(change.After.Object, "mirror/envoy"); err != nil {
		t.Fatal(err)
	}
	returned := change.After.DeepCopy()
	spec := returned.Object["spec"].(map[string]any)
	spec["envoy"].(map[string]any)["replicas"] = int64(3)
	spec["webhook"] = "d"
	spec["script"] = map[string]any{"text": "one\ntwo\n"}
	delete(spec, "gone")
	before, after, err := change.Texts(returned)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"    dockerRepository: mirror/envoy\n", "    replicas: 3 # set by the API server\n", "  webhook: d # changed by the API server\n", "  script: # set by the API server\n", "  kept: a\n"} {
		if !strings.Contains(after, line) {
			t.Errorf("no line %q in\n%s", line, after)
		}
	}
	if !strings.Contains(before, "  gone: b # removed by the API server\n") || strings.Count(before, "#") != 1 {
		t.Errorf("before:\n%s", before)
	}
}

func TestTextsOfComputedObjectsHaveNoComment(t *testing.T) {
	live := object(map[string]any{"a": "b"})
	change, err := Compute(live, Schema{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []*unstructured.Unstructured{change.After, nil} {
		old, fresh, err := change.Texts(after)
		if err != nil || strings.Contains(old+fresh, "#") {
			t.Errorf("%v\n%s\n%s", err, old, fresh)
		}
	}
}
