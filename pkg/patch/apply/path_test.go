package apply

import (
	"reflect"
	"strings"
	"testing"
)

func TestPathString(t *testing.T) {
	for want, path := range map[string]Path{
		"spec.ui.dockerRepository":                  ParsePath("spec.ui.dockerRepository"),
		`spec.datacenters["eu.1"].node.httpProxy`:   {"spec", "datacenters", "eu.1", "node", "httpProxy"},
		`metadata.annotations["example.com/a"]`:     {"metadata", "annotations", "example.com/a"},
		`spec.registries["127.0.0.1:5000"].mirrors`: {"spec", "registries", "127.0.0.1:5000", "mirrors"},
		"spec.datacenters.aws-eu-1.node.pauseImage": {"spec", "datacenters", "aws-eu-1", "node", "pauseImage"},
	} {
		if got := path.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWithin(t *testing.T) {
	path := ParsePath("spec.ui.dockerRepository")
	for prefix, want := range map[string]bool{"spec": true, "spec.ui": true, "spec.ui.dockerRepository": true, "spec.u": false, "spec.ui.dockerRepository.x": false} {
		if got := path.Within(ParsePath(prefix)); got != want {
			t.Errorf("%s: got %t", prefix, got)
		}
	}
}

func TestSetFailsWhereThereIsNoMap(t *testing.T) {
	object := map[string]any{"spec": map[string]any{"ui": "text"}}
	if err := ParsePath("spec.ui.dockerRepository").set(object, "a"); err == nil {
		t.Error("no error")
	}
	if got := ParsePath("spec.ui.dockerRepository").Lookup(object); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestRemoveTakesEmptyMapsAlong(t *testing.T) {
	never := func(Path, map[string]any) bool { return false }
	object := map[string]any{"spec": map[string]any{"a": map[string]any{"b": map[string]any{"c": "x"}}, "other": "y"}}
	ParsePath("spec.a.b.c").remove(object, 2, never) // spec.a was there
	if want := map[string]any{"spec": map[string]any{"a": map[string]any{}, "other": "y"}}; !reflect.DeepEqual(object, want) {
		t.Errorf("got %v", object)
	}
}

func FuzzPath(f *testing.F) {
	f.Add("spec.a.b", "v")
	f.Add("..", "")
	f.Add("spec.a.b.c.d", "x")
	f.Fuzz(func(t *testing.T, text, value string) {
		path := ParsePath(text)
		object := map[string]any{"spec": map[string]any{"a": "text"}}
		if err := path.set(object, value); err != nil {
			return
		}
		if got := path.Lookup(object); got != value {
			t.Errorf("%q: got %v, want %q", path, got, value)
		}
		path.remove(object, 0, func(Path, map[string]any) bool { return false })
		if got := path.Lookup(object); got != nil {
			t.Errorf("%q: still %v", path, got)
		}
		if _, ok := object["spec"]; !ok && !strings.HasPrefix(text, "spec") {
			t.Errorf("%q took the spec along", path)
		}
	})
}
