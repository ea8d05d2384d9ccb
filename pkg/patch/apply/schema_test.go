package apply

import (
	"reflect"
	"testing"
)

func TestSchema(t *testing.T) {
	text := map[string]any{"type": "string"}
	schema := SchemaOf(map[string]any{"properties": map[string]any{
		"metadata": map[string]any{"allOf": []any{}},
		"spec": map[string]any{"properties": map[string]any{
			"ui":          map[string]any{"properties": map[string]any{"dockerRepository": text}},
			"datacenters": map[string]any{"additionalProperties": map[string]any{"properties": map[string]any{"node": map[string]any{"properties": map[string]any{"httpProxy": text}}}}},
			"free":        map[string]any{"x-kubernetes-preserve-unknown-fields": true},
		}},
	}})
	for path, want := range map[string]bool{
		"spec.ui.dockerRepository": true, "spec.ui.dockerTag": false, "spec.datacenters.any.node.httpProxy": true,
		"spec.datacenters.any.node.http_proxy": false, "spec.free.what.ever": true, "spec.webhook.dockerRepository": false,
		"metadata.annotations.x": true, "spec.ui.dockerRepository.x": false,
	} {
		if got := schema.Has(ParsePath(path)); got != want {
			t.Errorf("%s: got %t", path, got)
		}
	}
	if got := schema.Strings(); !reflect.DeepEqual(got, []Path{ParsePath("spec.ui.dockerRepository")}) {
		t.Errorf("got %v", got)
	}
}
