package mask_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// TestFieldNames covers the rule for names of fields with credentials.
func TestFieldNames(t *testing.T) {
	hidden := []string{
		"secret", "password", "token", "issuerClientSecret", "issuerCookieKey", "serviceAccountKey", "imagePullSecret", "AWS_SECRET_ACCESS_KEY", "secretAccessKey",
		"adminPassword", "passwordHash", "admin-password", "privateKey", "tls.key", "apiKey", "apikey", "bearerToken", "OIDCToken", "clientsecret", "authToken",
		"encryptionKeys", "credentials", "auth", ".dockerconfigjson", "secretID", "tokenValue", "secretData", "passphrase", "basicAuthPassword",
	}
	shown := []string{
		"secretName", "secretRef", "secretKeyRef", "keyFile", "tokenFile", "tokenTTL", "tokenExpirationSeconds", "passwordSecretName", "tokenURL", "topologyKey",
		"publicKey", "labelKey", "key", "keys", "keySize", "monkey", "name", "image", "repository", "tag", "secretNamespace", "tokenIssuer", "accessKeyID", "keyboard",
		"credentialsReference", "secretType", "keyAlgorithm", "clientID", "authentication", "tokenReviewPolicy",
	}
	for _, name := range hidden {
		if got := mask.Object(map[string]any{name: "value"}); got[name] != mask.Hidden {
			t.Errorf("%s is shown", name)
		}
	}
	for _, name := range shown {
		if got := mask.Object(map[string]any{name: "value"}); got[name] != "value" {
			t.Errorf("%s is hidden", name)
		}
	}
}

// TestShapes masks credentials in values of all types, and keeps references to secrets.
func TestShapes(t *testing.T) {
	for name, c := range map[string]struct{ object, want string }{
		"lists":      {"tokens: [a, b]\nargs: [--token=a, --token-file=/x]", "tokens: ['***', '***']\nargs: ['--token=***', --token-file=/x]"},
		"tables":     {"adminPassword: {plain: a, optional: true}", "adminPassword: {plain: '***', optional: true}"},
		"a selector": {"token: {name: s, key: token}\nissuerSecret: {secretKeyRef: {name: s, key: k}}", "token: {name: s, key: token}\nissuerSecret: {secretKeyRef: {name: s, key: k}}"},
		"a volume": {
			"volumes: [{secret: {secretName: s, defaultMode: 420, optional: false, items: [{key: tls.key, path: p}]}}]",
			"volumes: [{secret: {secretName: s, defaultMode: 420, optional: false, items: [{key: tls.key, path: p}]}}]",
		},
		"pull secrets":  {"imagePullSecrets: [{name: dockercfg}]", "imagePullSecrets: [{name: dockercfg}]"},
		"keys of a box": {"secretbox: {keys: [{name: k, value: a}]}", "secretbox: {keys: [{name: k, value: '***'}]}"},
		"a toleration":  {"tolerations: [{key: node, value: v}]", "tolerations: [{key: node, value: v}]"},
		"environment":   {"env: [{name: DB_PASSWORD, value: a}, {name: MODE, value: b}]", "env: [{name: DB_PASSWORD, value: '***'}, {name: MODE, value: b}]"},
		"switches":      {"automountServiceAccountToken: false\ntoken: ''", "automountServiceAccountToken: false\ntoken: ''"},
		"numbers":       {"password: 12345", "password: '***'"},
		"settings":      {"auth: {clientID: kubermatic, clientSecret: a}", "auth: {clientID: kubermatic, clientSecret: '***'}"},
		"a Secret":      {"kind: Secret\ndata: {any: a}\nstringData: {other: b}", "kind: Secret\ndata: {any: '***'}\nstringData: {other: '***'}"},
		"a List":        {"kind: List\nitems: [{kind: Secret, data: {any: a}}]", "kind: List\nitems: [{kind: Secret, data: {any: '***'}}]"},
		"a URL":         {"proxy: 'http://u:p@proxy:3128'\nsource: oci://reg:5000/a", "proxy: 'http://u:***@proxy:3128'\nsource: oci://reg:5000/a"},
		"JSON":          {`text: '{"auths":{"a":{"auth":"eA==","email":"e"}}}'`, `text: '{"auths":{"a":{"auth":"***","email":"e"}}}'`},
		"YAML":          {"text: |\n  connectors:\n  - clientSecret: a\n    id: b\n", "text: |\n  connectors:\n  - clientSecret: '***'\n    id: b\n"},
		"lines":         {"text: \"[db]\\npassword = a b\\nhost = c\\n\"", "text: \"[db]\\npassword = ***\\nhost = c\\n\""},
		"a private key": {
			"text: \"-----BEGIN RSA PRIVATE KEY-----\\nabc\\n-----END RSA PRIVATE KEY-----\\n\"", "text: \"-----BEGIN RSA PRIVATE KEY----- ***\\n\"",
		},
		"a certificate": {"text: \"-----BEGIN CERTIFICATE-----\\nabc\\n\"", "text: \"-----BEGIN CERTIFICATE-----\\nabc\\n\""},
		"applied": {
			`metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"kind":"Secret","data":{"a":"Yg=="}}'}}`,
			`metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{"a":"***"},"kind":"Secret"}'}}`,
		},
		"a script": {"text: \"image: a\\nimage: {{ .Values.b }}\\n\"", "text: \"image: a\\nimage: {{ .Values.b }}\\n\""},
	} {
		original := object(t, c.object)
		if diff := cmp.Diff(object(t, c.want), mask.Object(original)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(object(t, c.object), original); diff != "" {
			t.Errorf("%s: the object itself was masked: %s", name, diff)
		}
	}
}

// TestPair checks that different credentials can be distinguished, and equal ones cannot.
func TestPair(t *testing.T) {
	before := object(t, `{token: a, same: {password: x}, tokens: [a, b], gone: {key: {value: 1}}, text: "clientSecret: a\nid: 1\n", url: "http://u:a@h", kind: {secret: a}}`)
	after := object(t, `{token: b, same: {password: x}, tokens: [a, c, d], text: "clientSecret: b\nid: 1\n", url: "http://u:b@h", kind: {secret: [b]}}`)
	old, fresh := mask.Pair(before, after)
	wantOld := object(t, `{token: '*** (before)', same: {password: '***'}, tokens: ['***', '*** (before)'], gone: {key: {value: '***'}}, text: "clientSecret: '*** (before)'\nid: 1\n",
		url: 'http://u:***@h (before)', kind: {secret: '***'}}`)
	wantNew := object(t, `{token: '*** (after)', same: {password: '***'}, tokens: ['***', '*** (after)', '***'], text: "clientSecret: '*** (after)'\nid: 1\n",
		url: 'http://u:***@h (after)', kind: {secret: ['***']}}`)
	if diff := cmp.Diff(wantOld, old); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantNew, fresh); diff != "" {
		t.Error(diff)
	}
	if old, fresh := mask.Pair(nil, before); old != nil || fresh["token"] != mask.Hidden {
		t.Errorf("%v %v", old, fresh)
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"http://u:p@proxy:1": "http://u:***@proxy:1", "http://u:p@p@proxy:1/x": "http://u:***@proxy:1/x", "http://proxy:1": "http://proxy:1",
		"http://u@proxy:1": "http://u@proxy:1", "quay.io/a:b@sha256:00": "quay.io/a:b@sha256:00", "oci://reg:5000/a": "oci://reg:5000/a",
		"reading http://u:p@h/x: refused": "reading http://u:***@h/x: refused", "vault-secret:v1": "vault-secret:v1",
		"": "", "--password=a": "--password=***", "export API_KEY='a'": "export API_KEY='***", `"token":"a"`: `"token":"***`,
	} {
		if got := mask.Text(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// FuzzText checks that no text breaks the masker, and that masking is idempotent.
func FuzzText(f *testing.F) {
	for _, text := range []string{`{"a":"{\"password\":\"x\"}"}`, "a: &a [*a]", "token: a", "-----BEGIN PRIVATE KEY-----", strings.Repeat("[", 1000)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := mask.Text(text)
		if twice := mask.Text(once); len(twice) > len(once)+len(mask.Hidden)*strings.Count(once, "\n")+1000 {
			t.Errorf("%q grew to %q and %q", text, once, twice)
		}
		if got := mask.Object(map[string]any{"password": text}); text != "" && got["password"] != mask.Hidden {
			t.Errorf("%q is shown", text)
		}
	})
}
