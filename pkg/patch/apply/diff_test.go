package apply

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestDiffShowsNoSecrets(t *testing.T) {
	before := object(map[string]any{
		"imagePullSecret": `{"auths":{"a":{"auth":"c2VjcmV0"}}}`, "httpProxy": "http://user:old-secret@proxy:3128", "plain": "a",
		"nested": map[string]any{"password": "hidden", "image": "quay.io/a/b:c"},
	})
	after := before.DeepCopy()
	_ = ParsePath("spec.httpProxy").set(after.Object, "http://user:new-secret@proxy:3128")
	_ = ParsePath("spec.plain").set(after.Object, "b")
	after.SetAnnotations(map[string]string{PreviousAnnotation: "[]"})
	old, text, err := Texts(before, after)
	if err != nil {
		t.Fatal(err)
	}
	unified := string(diff.Diff("live", []byte(old), "new", []byte(text)))
	for _, hidden := range []string{"c2VjcmV0", "secret@", "hidden", PreviousAnnotation, "annotations"} {
		if strings.Contains(old+text+unified, hidden) {
			t.Errorf("%q is shown:\n%s", hidden, unified)
		}
	}
	for _, shown := range []string{"-  httpProxy: http://user:***@proxy:3128 (before)", "+  httpProxy: http://user:***@proxy:3128 (after)", "-  plain: a", "+  plain: b", "quay.io/a/b:c"} {
		if !strings.Contains(unified, shown) {
			t.Errorf("%q is not shown:\n%s", shown, unified)
		}
	}
	if strings.Contains(before.Object["spec"].(map[string]any)["httpProxy"].(string), "***") {
		t.Error("the object itself was masked")
	}
}

func TestDiffMasksAllOfASecret(t *testing.T) {
	secret := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "a"}, "data": map[string]any{".dockerconfigjson": "c2VjcmV0"},
	}}
	after := secret.DeepCopy()
	after.SetAnnotations(map[string]string{"apps.kubermatic.k8c.io/secret-type": "helm"})
	old, text, err := Texts(secret, after)
	if err != nil || strings.Contains(old+text, "c2VjcmV0") || !strings.Contains(text, ".dockerconfigjson: '***'") || !strings.Contains(text, "secret-type: helm") {
		t.Errorf("got %v\n%s", err, text)
	}
}
