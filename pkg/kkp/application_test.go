package kkp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const applicationYAML = `
apiVersion: apps.kubermatic.k8c.io/v1
kind: ApplicationDefinition
metadata: {name: cilium, labels: {apps.kubermatic.k8c.io/managed-by: kkp}}
spec:
  defaultVersion: 1.19.1
  defaultValuesBlock: "tag: v{{ .Cluster.MajorMinorVersion }}"
  versions:
  - version: 1.19.1
    template:
      source:
        helm:
          {url: "oci://example.com/charts", chartName: cilium, chartVersion: 1.19.1, plainHTTP: true,
           credentials: {username: {name: creds, key: user}, password: {name: creds, key: pass}, registryConfigFile: {name: gone, key: x}}}
  - version: main
    template: {source: {git: {remote: "https://example.com/charts.git", ref: {branch: main}}}}`

const installationYAML = `
apiVersion: apps.kubermatic.k8c.io/v1
kind: ApplicationInstallation
metadata: {name: cilium, namespace: kube-system}
spec: {applicationRef: {name: cilium, version: 1.19.1}}`

func TestApplications(t *testing.T) {
	inst, err := FromObjects(parse(t, strings.Join([]string{configuration, applicationYAML, installationYAML}, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	want := Applications{
		Definitions: []Application{{
			Name: "cilium", System: true, DefaultVersion: "1.19.1", Values: map[string]any{"tag": "v{{ .Cluster.MajorMinorVersion }}"},
			Versions: []ApplicationVersion{
				{Version: "1.19.1", Chart: ChartSource{URL: "oci://example.com/charts", Name: "cilium", Version: "1.19.1", PlainHTTP: true}},
				{Version: "main", Git: "https://example.com/charts.git"},
			},
		}},
		Installations: []Installed{{"cilium", "1.19.1"}},
	}
	if diff := cmp.Diff(want, inst.Applications, cmpopts.IgnoreUnexported(Credentials{})); diff != "" {
		t.Error(diff)
	}
	for values, want := range map[string]string{
		"a: [": "ApplicationDefinition cilium: its default values",
		"a: &a " + strings.Repeat("x", 1<<19) + "\nb: [" + strings.Repeat("*a,", 100_000) + "]": "the aliases expand to more than",
	} {
		bad := strings.Replace(applicationYAML, `"tag: v{{ .Cluster.MajorMinorVersion }}"`, fmt.Sprintf("%q", values), 1)
		if _, err := FromObjects(parse(t, strings.Join([]string{configuration, bad}, "\n---\n"))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
