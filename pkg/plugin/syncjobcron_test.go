package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

// TestKeptObjectsAreNamed updates a CronJob whose earlier Secret must not be deleted. The Secret has a login, and
// the user must know of it.
func TestKeptObjectsAreNamed(t *testing.T) {
	earlier := incluster.Spec{
		Namespace: "kubermatic", Target: "registry.example.com/kkp", Digest: "sha256:" + strings.Repeat("a", 64), Schedule: "0 2 * * *",
		Plan: []incluster.File{{Name: "part-000", Data: []byte{1}}}, DockerConfig: []byte(`{"auths":{}}`), Image: "registry.example.com/plugin",
	}
	server := httptest.NewServer(cronJobOf(t, earlier))
	defer server.Close()
	kubeconfig := file(t, "kubeconfig", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a}}]}`, server.URL))
	list := file(t, "images.json", fmt.Sprintf(`{"apiVersion":"kkp-mirror.dev/v1alpha1","kind":"ImageList","items":[{"ref":"quay.io/a/b:1","digest":"sha256:%064d"}]}`, 0))
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	got := run(t, "sync", earlier.Target, "--images", list, "--in-cluster", "--schedule", earlier.Schedule, "--image", earlier.Image, "--kubeconfig", kubeconfig)
	config, secret := "configmap/"+earlier.ConfigMaps()[0].Name, "secret/"+earlier.RegistrySecret().Name
	if got.code != 1 || !strings.HasSuffix(got.stdout, config+" deleted\n"+secret+" kept\n") {
		t.Errorf("exit code %d, stdout:\n%s", got.code, got.stdout)
	}
	for _, want := range []string{"\n  kubectl delete -n kubermatic " + secret + "\n", "error: deleting the Secret " + earlier.RegistrySecret().Name} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, got.stderr)
		}
	}
}

// cronJobOf is an API server with a CronJob. Secrets must not be deleted.
func cronJobOf(t *testing.T, spec incluster.Spec) http.Handler {
	cron, err := json.Marshal(spec.CronJob())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	answer := func(pattern string, code int, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		})
	}
	answer("GET /apis/batch/v1/namespaces/kubermatic/cronjobs/{name}", http.StatusOK, string(cron))
	answer("PUT /apis/batch/v1/namespaces/kubermatic/cronjobs/{name}", http.StatusOK, string(cron))
	answer("GET /apis/batch/v1/namespaces/kubermatic/jobs", http.StatusOK, `{"apiVersion":"batch/v1","kind":"JobList"}`)
	answer("POST /api/v1/namespaces/kubermatic/configmaps", http.StatusCreated, `{"apiVersion":"v1","kind":"ConfigMap"}`)
	answer("DELETE /api/v1/namespaces/kubermatic/configmaps/{name}", http.StatusOK, `{"apiVersion":"v1","kind":"Status","status":"Success"}`)
	answer("DELETE /api/v1/namespaces/kubermatic/secrets/{name}", http.StatusForbidden, `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"Forbidden","message":"no right","code":403}`)
	return mux
}
