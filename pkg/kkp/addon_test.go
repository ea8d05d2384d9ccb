package kkp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddonsBelongToTheirClusters(t *testing.T) {
	inst, err := FromObjects(parse(t, strings.Join([]string{
		"{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k}}",
		"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: one}, spec: {version: 1.34.9}}",
		`{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: two, annotations: {csi-migration.k8c.io/migration-needed: ""}}}`,
		`{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: three}, status: {conditions: {CSIKubeletMigrationCompleted: {status: "True"}}}}`,
		"{apiVersion: kubermatic.k8c.io/v1, kind: Addon, metadata: {name: multus, namespace: cluster-one}, spec: {name: multus, variables: {a: {b: [1]}}}}",
		"{apiVersion: kubermatic.k8c.io/v1, kind: Addon, metadata: {name: plain, namespace: cluster-one}}",
		"{apiVersion: kubermatic.k8c.io/v1, kind: Addon, metadata: {name: x, namespace: elsewhere}, spec: {name: x}}",
	}, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	clusters := inst.Seeds[0].Clusters
	want := []Addon{
		{Namespace: "cluster-one", Name: "multus", Variables: map[string]any{"a": map[string]any{"b": []any{1.0}}}},
		{Namespace: "cluster-one", Name: "plain"},
	}
	if diff := cmp.Diff(want, clusters[0].Addons); diff != "" || clusters[1].Addons != nil {
		t.Error(diff)
	}
	if clusters[0].CSIMigration || !clusters[1].CSIMigration || !clusters[2].CSIMigration {
		t.Errorf("%+v", clusters)
	}
}

func TestDefaultAddons(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		want     []Addon
		set      bool
		err      string
	}{
		"left to KKP": {settings: "{}"},
		"names":       {settings: "{default: [canal, csi]}", want: []Addon{{Name: "canal"}, {Name: "csi"}}, set: true},
		"a list": {
			settings: "{defaultManifests: '{apiVersion: v1, kind: List, items: [{apiVersion: kubermatic.k8c.io/v1, kind: Addon, metadata: {name: canal, namespace: x}, spec: {variables: {a: b}}}]}'}",
			want:     []Addon{{Name: "canal", Variables: map[string]any{"a": "b"}}}, set: true,
		},
		"no YAML":      {settings: "{defaultManifests: 'a: ['}", set: true, err: "spec.userCluster.addons.defaultManifests: "},
		"no variables": {settings: "{defaultManifests: '{kind: List, items: [{kind: Addon, metadata: {name: a}, spec: {variables: x}}]}'}", set: true, err: "Addon a: spec.variables"},
	} {
		inst, err := FromObjects(parse(t, "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k}, spec: {userCluster: {addons: "+test.settings+"}}}"))
		if err != nil {
			t.Fatal(name, err)
		}
		got, set, err := inst.Configuration.DefaultAddons()
		if diff := cmp.Diff(test.want, got); diff != "" || set != test.set || (err != nil) != (test.err != "") {
			t.Error(name, set, err, diff)
		}
		if err != nil && !strings.Contains(err.Error(), test.err) {
			t.Error(name, err)
		}
	}
}
