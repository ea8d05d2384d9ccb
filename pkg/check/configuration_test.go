package check_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

func command(except []string) string {
	return strings.Join(slices.Concat([]string{"patch-config"}, except), " ")
}

func TestFields(t *testing.T) {
	ui := check.Field{Object: "KubermaticConfiguration kubermatic", Path: "spec.ui.dockerRepository", Wanted: "m/ui"}
	owned := check.Field{Object: "Seed a", Path: "spec.nodeportProxy.envoy.dockerRepository", Live: "x", Wanted: "m/envoy", Owners: []string{"argocd-controller"}}
	for name, tt := range map[string]struct {
		fields check.Fields
		want   string
	}{
		"nothing": {check.Fields{Same: 2}, "ok configuration.fields 2 fields"},
		"a field": {check.Fields{Changes: []check.Field{ui}}, "not ready configuration.field KubermaticConfiguration kubermatic spec.ui.dockerRepository $ patch-config"},
		"a field of another manager, which the command leaves out": {
			check.Fields{Changes: []check.Field{owned, ui}},
			"not ready configuration.field KubermaticConfiguration kubermatic spec.ui.dockerRepository $ patch-config nodeportProxy.envoy.dockerRepository\n" +
				"not ready configuration.field-owned Seed a spec.nodeportProxy.envoy.dockerRepository",
		},
		"fields without a right value": {
			check.Fields{Omitted: []patch.Omission{{Reason: "covered", Fields: []string{"a"}, Covered: true}, {Reason: "no TLS", Fields: []string{"b", "c"}}}},
			"not ready configuration.field-impossible b, c",
		},
		"fields of a later release": {
			check.Fields{Unknown: map[string][]string{patch.KindSeed: {"spec.x.dockerRepository"}, patch.KindConfiguration: nil}},
			"warning configuration.field-new Seed spec.x.dockerRepository",
		},
	} {
		tt.fields.Command, tt.fields.Print = command, func(field string) string { return "print " + field }
		findings := tt.fields.Findings()
		valid(t, findings...)
		if diff := cmp.Diff(tt.want, summary(findings...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	secret := check.Fields{Command: command, Changes: []check.Field{{Object: "o", Path: "spec.x", Live: `{"auths":{"m":{"password":"not-shown"}}}`, Wanted: "y"}}}
	if reason := secret.Findings()[0].Reason; strings.Contains(reason, "not-shown") {
		t.Errorf("the reason shows a credential: %s", reason)
	}
}

func TestOperator(t *testing.T) {
	for want, f := range map[string]check.Finding{
		"ok configuration.operator Deployment kubermatic-operator":               check.Operator([]string{"mirror.example/kkp/kubermatic/kubermatic:v1"}, nil, mirror(), "", "helm"),
		"not ready configuration.operator Deployment kubermatic-operator":        check.Operator([]string{"mirror.example/kkpx/kubermatic/kubermatic:v1"}, nil, mirror(), "", "helm"),
		"not ready configuration.operator Deployment kubermatic-operator $ helm": check.Operator([]string{"quay.io/kubermatic/kubermatic:v1"}, nil, mirror(), "kubermatic/operator", "helm"),
		"unknown configuration.operator Deployment kubermatic-operator":          check.Operator(nil, errors.New("forbidden"), mirror(), "", "helm"),
	} {
		valid(t, f)
		if got := summary(f); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestRemediesAreComplete checks that the texts of remedies without a command have what their reader must
// type.
func TestRemediesAreComplete(t *testing.T) {
	d := datacenter()
	d.Pending = []check.NodeSetting{{Name: "pause-image", Owners: []string{"argocd"}}}
	owned := check.Field{Object: "Seed a", Path: "spec.ui.dockerRepository", Wanted: "m/ui", Owners: []string{"argocd"}}
	fields := check.Fields{Changes: []check.Field{owned}, Command: command, Print: func(field string) string { return "print " + field }}
	operator := func(image string) check.Finding { return check.Operator([]string{image}, nil, mirror(), "", "") }
	for want, f := range map[string]check.Finding{
		"(print ui.dockerRepository prints the field)":            fields.Findings()[0],
		"(print eu --registry prints the fields)":                 d.Findings()[0],
		"to mirror.example/kkp/kubermatic/kubermatic in the tool": operator("quay.io/kubermatic/kubermatic:v1"),
		"to its repository in the mirror in the tool":             operator("old.example/kkp/kubermatic/kubermatic:v1"),
	} {
		if f.Remedy == nil || !strings.Contains(f.Remedy.Text, want) || f.Remedy.Command != "" {
			t.Errorf("%+v does not have: %s", f.Remedy, want)
		}
	}
}

func TestBackupContainers(t *testing.T) {
	const store = "spec.seedController.backupStoreContainer"
	for container, want := range map[string]string{
		"":                                    "",
		"image: mirror.example/kkp/a/s3cmd:1": "ok configuration.backup-container " + store,
		"image: d3fk/s3cmd@" + digestA:        "not ready configuration.backup-container " + store,
		"name: without an image":              "not ready configuration.backup-container " + store,
		"image: [":                            "not ready configuration.backup-container " + store,
	} {
		var configuration kkp.Configuration
		configuration.Spec.SeedController.BackupStoreContainer = container
		findings := check.BackupContainers(configuration, mirror())
		valid(t, findings...)
		if got := summary(findings...); got != want {
			t.Errorf("%q: got %q, want %q", container, got, want)
		}
	}
}

func TestCatalogs(t *testing.T) {
	findings := check.Catalogs([]kkp.ApplicationCatalog{
		{Name: "a", BaseURL: "oci://mirror.example/kkp/kubermatic-mirror/helm-charts"}, {Name: "b"}, {Name: "c", BaseURL: "oci://quay.io/kubermatic-mirror/helm-charts"},
	}, nil, mirror())
	findings = append(findings, check.Catalogs(nil, errors.New("forbidden"), mirror())...)
	valid(t, findings...)
	want := "ok configuration.external-catalog ApplicationCatalog a\nnot ready configuration.external-catalog ApplicationCatalog b\n" +
		"not ready configuration.external-catalog ApplicationCatalog c\nunknown configuration.external-catalog ApplicationCatalogs"
	if diff := cmp.Diff(want, summary(findings...)); diff != "" {
		t.Error(diff)
	}
	valid(t, check.Unread(check.SectionConfiguration, "fields", errors.New("forbidden")))
}

// TestUnknownFields has Seeds that could not be listed.
func TestUnknownFields(t *testing.T) {
	expect(t, "Seeds", told(t, check.UnknownFields([]kkp.Unread{{Part: kkp.PartSeeds, Subject: "namespace kubermatic", Err: errors.New("refused")}, {Part: kkp.PartPods, Err: errors.New("refused")}})),
		"unknown | configuration.unknown | Seeds: namespace kubermatic | refused")
}
