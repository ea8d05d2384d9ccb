package apply_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// configuration has a credential, starting with "leak", wherever KKP has one, in lists and in documents.
const configuration = `
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata:
  name: kubermatic
  namespace: kkp
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"auth":{"issuerCookieKey":"leak-1"}}}'}
spec:
  auth: {clientID: kubermatic, issuerClientSecret: leak-2, issuerCookieKey: leak-3, serviceAccountKey: leak-4}
  imagePullSecret: |
    {"auths": {"registry.example.com": {"auth": "leak-5"}}}
  ui: {config: "{\"oidc_token\": \"leak-6\", \"share_kubeconfig\": false}"}
  proxies: ["http://user:leak-7@proxy.example.com:3128"]
  seedController: {extraEnvs: [{name: VAULT_TOKEN, value: leak-8}]}
`

func TestNothingPrintsCredentials(t *testing.T) {
	live := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(configuration), &live.Object); err != nil {
		t.Fatal(err)
	}
	changed := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(configuration, "leak-", "leak-again-")), &changed.Object); err != nil {
		t.Fatal(err)
	}
	old, fresh, err := apply.Texts(live, changed)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := yaml.Marshal(apply.Masked(live).Object)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"before": old, "after": fresh, "object": string(printed)} {
		if strings.Contains(text, "leak") {
			t.Errorf("%s:\n%s", name, text)
		}
		if !strings.Contains(text, "clientID: kubermatic") || !strings.Contains(text, "issuerClientSecret: '***") {
			t.Errorf("%s hides more than credentials:\n%s", name, text)
		}
	}
	for field, marks := range map[string]int{"(before)": 8, "(after)": 8} {
		if got := strings.Count(old+fresh, field); got != marks {
			t.Errorf("%d values are marked %s, want %d:\n%s%s", got, field, marks, old, fresh)
		}
	}
}

func TestTextsOfWhatIsNotThere(t *testing.T) {
	secret := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"a": "leak"}}}
	old, fresh, err := apply.Texts(nil, secret)
	if err != nil || old != "" || fresh != "apiVersion: v1\ndata:\n  a: '***'\nkind: Secret\n" {
		t.Errorf("%q, %q, %v", old, fresh, err)
	}
	if old, fresh, err = apply.Texts(secret, nil); err != nil || old == "" || fresh != "" {
		t.Errorf("%q, %q, %v", old, fresh, err)
	}
}
