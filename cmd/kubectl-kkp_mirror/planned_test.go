package main

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// TestHelmValuesReachPlannedCharts gives values to the charts in KKP's image: one has an image only with the values, and
// one cannot be rendered without them.
func TestHelmValuesReachPlannedCharts(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	server := httptest.NewServer(registrytest.New(registrytest.Options{}))
	t.Cleanup(server.Close)
	s := standIn{host: strings.TrimPrefix(server.URL, "http://")}
	const version = "v2.31.0"
	pod := func(image, domain string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {domain: " + domain + "}}\nspec: {containers: [{name: c, image: \"" + image + ":1\"}]}\n"
	}
	content := packed(t, map[string]string{
		"opt/charts/web/Chart.yaml":             "{apiVersion: v2, name: web, version: 1.0.0}",
		"opt/charts/web/values.yaml":            "{image: quay.io/acme/web, web: {}}",
		"opt/charts/web/templates/pod.yaml":     pod("{{ .Values.image }}", `{{ required "a domain is needed" .Values.web.domain }}`),
		"opt/charts/mla/own/Chart.yaml":         "{apiVersion: v2, name: own, version: 1.0.0}",
		"opt/charts/mla/own/templates/pod.yaml": "{{ with .Values.own }}\n" + pod("{{ .image }}", "none") + "{{ end }}\n",
	})
	s.push(t, "quay.io/kubermatic/kubermatic:"+version, types.OCIConfigJSON, types.OCILayer, content)
	s.push(t, "kkp/kubermatic/kubermatic:"+version, types.OCIConfigJSON, types.OCILayer, content)

	values := filepath.Join(dir, "values.yaml")
	configuration := filepath.Join(dir, "kubermatic.yaml")
	for name, text := range map[string]string{
		values: "{web: {domain: kkp.example.com}, own: {image: ghcr.io/acme/own}}",
		configuration: "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: kubermatic, namespace: kubermatic}, " +
			"spec: {ingress: {domain: kkp.example.com}}}",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plugin := func(args ...string) (stdout string, ok bool) {
		out, err := exec.CommandContext(t.Context(), "kubectl-kkp_mirror", args...).Output()
		return string(out), err == nil
	}
	images := []string{
		"images", "-f", configuration, "--kkp-version", version, "--edition", "ce", "--source", "bundled-charts", "--registry-map", "*=" + s.host + "/{host}", "-o", "name",
	}
	helm := []string{"patch-helm", s.host + "/kkp", "--kkp-version", version, "--edition", "ce", "-o", "yaml"}
	for _, tt := range []struct {
		args []string
		with string
	}{
		{images, "ghcr.io/acme/own:1\nquay.io/acme/web:1\n"},
		{helm, "image: " + s.host + "/kkp/acme/own\n"},
	} {
		if got, ok := plugin(tt.args...); ok || strings.Contains(got, "acme") {
			t.Errorf("%v succeeds without the values:\n%s", tt.args, got)
		}
		if got, ok := plugin(append(tt.args, "--helm-values", values)...); !ok || !strings.Contains(got, tt.with) {
			t.Errorf("%v with the values lacks %q:\n%s", tt.args, tt.with, got)
		}
	}
}
