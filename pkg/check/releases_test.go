package check_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func TestReleases(t *testing.T) {
	left := []check.LeftReference{{Object: "Deployment a/b", Reference: "docker.io/library/busybox", Why: "written in the template"}}
	for name, tt := range map[string]struct {
		release check.Release
		mirrors []string
		want    string
	}{
		"redirected": {check.Release{}, nil, "ok releases.values dex/dex on master"},
		"a value":    {check.Release{Away: []string{"ghcr.io/dexidp/dex:1"}}, nil, "not ready releases.values dex/dex on master $ patch-helm"},
		"no value":   {check.Release{Left: left}, []string{"quay.io"}, "ok releases.values dex/dex on master\nwarning releases.no-value dex/dex on master"},
		"declared":   {check.Release{Left: left}, []string{"docker.io"}, "ok releases.values dex/dex on master\nok releases.no-value dex/dex on master"},
		"a short name": {
			check.Release{Left: []check.LeftReference{{Reference: "busybox"}}},
			[]string{"docker.io"},
			"ok releases.values dex/dex on master\nok releases.no-value dex/dex on master",
		},
	} {
		tt.release.Name, tt.release.Cluster, tt.release.Command = "dex/dex", images.Master, "patch-helm"
		findings := check.Releases([]check.Release{tt.release}, nil, tt.mirrors)
		valid(t, findings...)
		if diff := cmp.Diff(tt.want, summary(findings...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	findings := check.Releases(nil, []images.Gap{{Source: "charts", Subject: "Helm release a/b on master", Error: "the chart lacks subcharts"}}, nil)
	valid(t, findings...)
	if got := summary(findings...); got != "unknown releases.unknown Helm release a/b on master" {
		t.Errorf("got %s", got)
	}
	if got := findings[0].Reason; got != "the chart lacks subcharts" {
		t.Errorf("got the reason %s", got)
	}
}
