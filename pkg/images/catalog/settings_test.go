package catalog

import (
	"slices"
	"strings"
	"testing"
)

// TestSettingsMatchComponents wants each component of a setting to use an
// image from the setting's default repository, in every release.
func TestSettingsMatchComponents(t *testing.T) {
	for _, version := range Supported() {
		for _, edition := range []Edition{CE, EE} {
			release := open(t, version, edition)
			images, _ := release.Images(Everything())
			for _, setting := range release.Settings() {
				for _, component := range setting.Components {
					if !slices.ContainsFunc(images, func(image NeededImage) bool {
						return image.Component == component && strings.HasPrefix(image.Reference, setting.Repository+":")
					}) {
						t.Errorf("%s %s: %s: %s has no image of %s", version, edition, setting.Field, component, setting.Repository)
					}
				}
			}
		}
	}
}

func TestSettingsOfReleases(t *testing.T) {
	fields := func(version string, edition Edition) map[string]Setting {
		settings := map[string]Setting{}
		for _, setting := range open(t, version, edition).Settings() {
			settings[setting.Field] = setting
		}
		return settings
	}
	const kubelb, catalogManager = "spec.userCluster.kubelb.imageRepository", "spec.applications.catalogManager.image.repository"
	for version, want := range map[string][2]bool{"v2.28.13": {false, false}, "v2.29.0": {false, true}, "v2.29.1": {true, true}, "v2.31.0": {true, true}} {
		got := fields(version, EE)
		_, hasKubelb := got[kubelb]
		_, hasCatalog := got[catalogManager]
		if hasKubelb != want[0] || hasCatalog != want[1] {
			t.Errorf("%s: kubelb %v, catalog manager %v", version, hasKubelb, hasCatalog)
		}
	}
	ce, ee := fields("v2.31.0", CE), fields("v2.31.0", EE)
	if _, ok := ce[kubelb]; ok {
		t.Error("kubelb belongs to the Enterprise Edition")
	}
	if ce["spec.api.dockerRepository"].Repository != "quay.io/kubermatic/dashboard" || ee["spec.api.dockerRepository"].Repository != "quay.io/kubermatic/dashboard-ee" {
		t.Error("default repositories do not follow the edition")
	}
	twice := []string{"spec.userCluster.kubermaticDockerRepository", "spec.userCluster.dnatControllerDockerRepository", "spec.userCluster.etcdLauncherDockerRepository", "spec.nodeportProxy.envoy.dockerRepository"}
	for field, setting := range ce {
		if setting.OverwriteRegistry != slices.Contains(twice, field) {
			t.Errorf("%s: overwriteRegistry %v", field, setting.OverwriteRegistry)
		}
	}
}
