package redirect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// TestListsShowNoCredentials prints what changes beside references without credentials, and values whole.
func TestListsShowNoCredentials(t *testing.T) {
	items := []redirect.Item{{
		Values: map[string]any{"env": []any{map[string]any{"name": "TOKEN", "value": "to-be-used"}}},
		Derived: []manifestdiff.Difference{
			{Object: "Secret a/b", Path: "data.config", Before: "leak quay.io/a", After: "leak reg.corp/a"},
			{Object: "ConfigMap a/c", Path: "data.config", Before: "password = leak\nimage = quay.io/a\n", After: "password = leak\nimage = reg.corp/a\n"},
		},
	}}
	data, err := json.Marshal(redirect.NewList(images.Target{Registry: "reg.corp"}, items, nil))
	if err != nil || strings.Contains(string(data), "leak") || !strings.Contains(string(data), "to-be-used") || !strings.Contains(string(data), "image = reg.corp/a") {
		t.Errorf("%v %s", err, data)
	}
	if items[0].Derived[0].Before == "***" {
		t.Error("the items themselves were masked")
	}
}
