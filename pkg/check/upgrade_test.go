package check_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func open(t *testing.T, version string) *catalog.Release {
	t.Helper()
	release, err := catalog.Open(version, catalog.CE)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// TestUpgradeKubernetes checks user clusters with versions that KKP 2.31 supports, and that it has
// dropped.
func TestUpgradeKubernetes(t *testing.T) {
	cluster := func(name string, versions ...string) kkp.Cluster {
		return kkp.Cluster{Name: name, Versions: versions}
	}
	down := []kkp.Unread{{Part: kkp.PartClusters, Subject: "Seed frankfurt", Err: errors.New("no route")}, {Part: kkp.PartPods, Subject: "Seed frankfurt", Err: errors.New("no route")}}
	for name, tt := range map[string]struct {
		clusters []kkp.Cluster
		unread   []kkp.Unread
		want     string
	}{
		"none":        {nil, nil, ""},
		"supported":   {[]kkp.Cluster{cluster("a", "1.35.7"), cluster("b", "1.33.99")}, nil, "ok upgrade.kubernetes 2 user clusters"},
		"dropped":     {[]kkp.Cluster{cluster("a", "1.32.1"), cluster("b", "1.35.7")}, nil, "not ready upgrade.kubernetes user cluster a on Seed hamburg"},
		"in progress": {[]kkp.Cluster{cluster("a", "1.33.5", "1.32.1")}, nil, "not ready upgrade.kubernetes user cluster a on Seed hamburg"},
		"unread":      {[]kkp.Cluster{cluster("a", "1.35.7")}, down, "unknown upgrade.kubernetes user clusters: Seed frankfurt"},
	} {
		inst := kkp.Installation{Seeds: []kkp.Seed{{Name: "hamburg", Clusters: tt.clusters}}, Unread: tt.unread}
		findings := check.Upgrade{Installation: inst, Running: open(t, "v2.30.6"), Planned: open(t, "v2.31.0")}.Findings()
		findings = slices.DeleteFunc(findings, func(f check.Finding) bool { return f.ID != "upgrade.kubernetes" })
		valid(t, findings...)
		if diff := cmp.Diff(tt.want, summary(findings...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestUpgradeFields names each repository field that the planned release has and the running one has
// not, and none without an upgrade.
func TestUpgradeFields(t *testing.T) {
	older, newer := open(t, "v2.28.0"), open(t, "v2.31.0")
	if findings := (check.Upgrade{Running: newer, Planned: newer}).Findings(); len(findings) > 0 {
		t.Errorf("got %s", summary(findings...))
	}
	findings := check.Upgrade{Running: older, Planned: newer}.Findings()
	valid(t, findings...)
	if got := summary(findings...); !strings.Contains(got, "warning upgrade.field-new KubermaticConfiguration spec.applications.catalogManager.image.repository") {
		t.Errorf("got %s", got)
	}
}

// TestUpgradeFiles judges the files that only new nodes of the planned release download.
func TestUpgradeFiles(t *testing.T) {
	found := check.Files{Section: check.SectionUpgrade, Base: "https://files.corp", Command: "files DIR --kkp-version v2.31.0", Results: []files.Result{
		{Path: "dl.k8s.io/v1/kubelet", Outcome: files.Verified}, {Path: "github.com/cni.tgz", Outcome: files.Missing, Error: "files.corp answers 404"},
	}}
	if got, want := summary(found.Findings()...), "ok upgrade.file 1 file\nnot ready upgrade.file https://files.corp/github.com/cni.tgz $ files DIR --kkp-version v2.31.0"; got != want {
		t.Errorf("got %s", got)
	}
	gaps := check.FileGaps("files of new nodes on Seed a", []images.Gap{{Source: "catalog", Subject: "KKP v2.31.0", Error: "not known"}})
	expect(t, "gaps", told(t, append(gaps, check.NoFileMirror("a", 2))),
		"unknown | upgrade.file | files of new nodes on Seed a | KKP v2.31.0: not known", "unknown | upgrade.file | files of new nodes on Seed a | no operating system profile names a mirror of files that could have 2 files")
	valid(t, found.Findings()...)
}
