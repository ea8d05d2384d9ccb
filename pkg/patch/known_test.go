package patch_test

import (
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// TestKnownToReleases compares the fields of releases with what their CustomResourceDefinitions have.
func TestKnownToReleases(t *testing.T) {
	target, err := images.ParseTarget("reg:5000/kkp")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		version     string
		edition     catalog.Edition
		has, hasNot string
	}{
		{"v2.28.13", catalog.CE, "spec.webhook.dockerRepository", "spec.applications.catalogManager.image.repository"},
		{"v2.28.13", catalog.CE, "spec.userCluster.systemApplications.helmRepository", "spec.userCluster.systemApplications.insecureSkipTLSVerify"},
		{"v2.29.10", catalog.EE, "spec.userCluster.kubelb.imageRepository", "spec.userCluster.applications.insecureSkipTLSVerify"},
		{"v2.30.0", catalog.CE, "spec.userCluster.applications.insecureSkipTLSVerify", "spec.util.dockerRepository"},
		{"v2.31.0", catalog.CE, "spec.applications.catalogManager.image.repository", "spec.userCluster.kubelb.imageRepository"},
	} {
		release, err := catalog.Open(c.version, c.edition)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := patch.Config(balanced(t, nil), patch.ConfigOptions{Mirror: patch.Mirror{Target: target, Insecure: true}, Release: release})
		if err != nil {
			t.Fatal(err)
		}
		known, lacking := patch.KnownTo(release, plan.Objects)
		var fields []string
		for _, edit := range known[0].Edits {
			fields = append(fields, edit.Path.String())
		}
		all := " " + strings.Join(fields, " ") + " "
		if !strings.Contains(all, " "+c.has+" ") || strings.Contains(all, " "+c.hasNot+" ") || len(lacking) == 0 {
			t.Errorf("%s: %s; lacking %v", c.version, all, lacking)
		}
		seeds := plan.SeedsOnly()
		if len(seeds.Objects) != 1 || seeds.Objects[0].Kind != patch.KindSeed || len(seeds.Omitted) > 0 || len(plan.Objects) != 2 {
			t.Errorf("%s: of Seeds: %v", c.version, seeds)
		}
	}
}
