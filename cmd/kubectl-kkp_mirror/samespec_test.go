package main

import (
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"
)

// sameSpec wants two files, JSON or YAML, to hold the same object, or list of objects, but
// for what changes with every write and for what the plugin notes: sameSpec FILE FILE.
func sameSpec(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: sameSpec FILE FILE")
	}
	var objects [2]map[string]any
	for i, file := range args {
		ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(file)), &objects[i]))
		if objects[i]["kind"] == nil {
			ts.Fatalf("%s holds no object", file)
		}
		plain(objects[i])
	}
	diff := cmp.Diff(objects[0], objects[1])
	switch {
	case neg && diff == "":
		ts.Fatalf("%s and %s are the same", args[0], args[1])
	case !neg && diff != "":
		ts.Fatalf("%s (-) and %s (+) differ:\n%s", args[0], args[1], diff)
	}
}

// plain takes away what does not count.
func plain(object map[string]any) {
	items, _ := object["items"].([]any)
	for _, item := range items {
		if o, ok := item.(map[string]any); ok {
			plain(o)
		}
	}
	metadata, _ := object["metadata"].(map[string]any)
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		delete(metadata, field)
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	for name := range annotations {
		if strings.HasPrefix(name, "kkp-mirror.dev/") {
			delete(annotations, name)
		}
	}
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
}
