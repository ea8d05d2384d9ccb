package plugin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// master is a master cluster that has a KubermaticConfiguration and no other object.
func master(t *testing.T, configuration string) (kubeconfig string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/kubermaticconfigurations") {
			fmt.Fprintf(w, `{"apiVersion":"kubermatic.k8c.io/v1","kind":"KubermaticConfigurationList","items":[%s]}`, configuration)
			return
		}
		fmt.Fprint(w, `{"apiVersion":"kubermatic.k8c.io/v1","kind":"List","items":[]}`)
	}))
	t.Cleanup(server.Close)
	return file(t, "kubeconfig", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a}}]}`, server.URL))
}

// TestUnknownVersionNamesWhoSetsIt reads a cluster, and then files, whose configuration has no
// status. The master-controller-manager sets status.kubermaticVersion (kubermatic v2.31.0,
// pkg/controller/master-controller-manager/kubermatic-configuration-controller).
func TestUnknownVersionNamesWhoSetsIt(t *testing.T) {
	const configuration = `{"apiVersion":"kubermatic.k8c.io/v1","kind":"KubermaticConfiguration","metadata":{"name":"kubermatic","namespace":"kubermatic"}}`
	kubeconfig := master(t, configuration)
	const unknown = "error: the KKP version is not known: the KubermaticConfiguration has no status.kubermaticVersion"
	const live = unknown + ", and no Deployment kubermatic-operator tells the version of KKP; pass --kkp-version, or point --context at the KKP master cluster\n"
	for args, want := range map[string]string{
		"images --source components --kubeconfig " + kubeconfig:                    live,
		"images --source components -f " + file(t, "kkp.json", configuration):      unknown + "; pass --kkp-version\n",
		"patch-config reg.example.com --dry-run=client --kubeconfig " + kubeconfig: live,
	} {
		if got := run(t, strings.Fields(args)...); got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: exit code %d:\n%s\nwant\n%s", args, got.code, got.stderr, want)
		}
	}
}
