package plugin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

// send sends a request by a way to an API.
func send(ctx context.Context, t *testing.T, config *rest.Config, method, path string) error {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, config.Host+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

func TestDryRunConfigChangesNothing(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.URL.Query().Get("dryRun")+" "+r.URL.Query().Get("fieldManager"))
	}))
	defer server.Close()
	config := dryRunConfig(&rest.Config{Host: server.URL})
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch} {
		if err := send(t.Context(), t, config, method, "/api/v1/namespaces/a/secrets/b?fieldManager=helm&dryRun="); err != nil {
			t.Error(err)
		}
	}
	if err := send(t.Context(), t, config, http.MethodDelete, "/api/v1/namespaces/a"); err == nil || !strings.Contains(err.Error(), "cannot be sent as a dry run, and was not sent") {
		t.Error(err)
	}
	want := []string{"GET  helm", "POST All helm", "PUT All helm", "PATCH All helm"}
	for i := range want {
		if len(asked) != len(want) || strings.ReplaceAll(asked[i], "/api/v1/namespaces/a/secrets/b ", "") != want[i] {
			t.Fatalf("got %q, want %q", asked, want)
		}
	}
}

// TestTemplatesSeeTheirNamespace bounds what lookup can read.
func TestTemplatesSeeTheirNamespace(t *testing.T) {
	for path, want := range map[string]bool{
		"/version": true, "/api": true, "/apis": true, "/api/v1": true, "/apis/apps/v1": true, "/apis/apps": true,
		"/api/v1/namespaces/minio": true, "/api/v1/namespaces/minio/secrets": true, "/apis/apps/v1/namespaces/minio/deployments/a": true,
		"/api/v1/namespaces": false, "/api/v1/namespaces/kubermatic": false, "/api/v1/namespaces/kubermatic/secrets/kubeconfig": false,
		"/api/v1/secrets": false, "/api/v1/nodes": false, "/apis/kubermatic.k8c.io/v1/seeds": false, "/apis/apps/v1/deployments": false,
		"/api/v1/namespaces/minio/../kubermatic/secrets": false, "/metrics": false, "": false, "/": false,
	} {
		if got := withinNamespace(path, "minio"); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	config := namespaceConfig(&rest.Config{Host: server.URL + "/k8s/clusters/c-1"}, "minio")
	if err := send(t.Context(), t, config, http.MethodGet, "/api/v1/namespaces/minio/secrets"); err != nil {
		t.Error(err)
	}
	for method, path := range map[string]string{http.MethodGet: "/api/v1/namespaces/kubermatic/secrets", http.MethodPost: "/api/v1/namespaces/minio/secrets"} {
		if err := send(t.Context(), t, config, method, path); err == nil || !strings.Contains(err.Error(), "which is not in the namespace minio of its release") {
			t.Errorf("%s %s: %v", method, path, err)
		}
	}
}
