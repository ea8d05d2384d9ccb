package kkp_test

import (
	"cmp"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// TestVersionAndEditionOfDeployments has installations whose status is not written yet.
func TestVersionAndEditionOfDeployments(t *testing.T) {
	deployment := func(name, label, image string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ` + name + `, namespace: kkp, labels: {"app.kubernetes.io/version": "` + label +
			`"}}, spec: {template: {spec: {containers: [{name: c, image: "` + image + `"}]}}}}`
	}
	for name, c := range map[string]struct {
		status           string
		deployments      []string
		version, edition string
	}{
		"nothing":         {},
		"a status":        {status: "{kubermaticVersion: v2.30.6, kubermaticEdition: EE}", deployments: []string{deployment("kubermatic-operator", "v2.31.0", "quay.io/kubermatic/kubermatic:v2.31.0")}, version: "v2.30.6", edition: "EE"},
		"the label":       {deployments: []string{deployment("kubermatic-operator", "v2.31.0", "reg:5000/kkp/kubermatic-ee:65b0942a")}, version: "v2.31.0", edition: "EE"},
		"the tag":         {deployments: []string{deployment("kubermatic-operator", "65b0942a", "reg:5000/kkp/kubermatic:v2.31.0@sha256:00")}, version: "v2.31.0", edition: "CE"},
		"the operator's":  {deployments: []string{deployment("kubermatic-api", "v2.30.0", "quay.io/kubermatic/dashboard:v2.30.0"), deployment("kubermatic-operator", "v2.31.0", "renamed:1")}, version: "v2.31.0"},
		"a Seed":          {deployments: []string{deployment("kubermatic-seed-controller-manager", "v2.31.0", "quay.io/kubermatic/kubermatic:v2.31.0")}},
		"another program": {deployments: []string{deployment("seed-proxy-x", "", "quay.io/kubermatic/util:2.9.0")}},
		"half a status":   {status: "{kubermaticVersion: v2.31.0}", deployments: []string{deployment("kubermatic-operator", "v2.30.0", "a/kubermatic-ee:v2.30.0")}, version: "v2.31.0", edition: "EE"},
	} {
		texts := append([]string{`{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k, namespace: kkp}, status: ` + cmp.Or(c.status, "{}") + `}`}, c.deployments...)
		inst, err := kkp.Load(t.Context(), newAPI(objects(t, texts...)...).client(t), kkp.Request{Parts: []kkp.Part{}})
		if err != nil || inst.Version != c.version || inst.Edition != c.edition {
			t.Errorf("%s: %q %q, %v", name, inst.Version, inst.Edition, err)
		}
	}
}
