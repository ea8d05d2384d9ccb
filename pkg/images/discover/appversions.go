package discover

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// versionsOf returns the versions of an application in scope: the installed versions and the
// default version, or all versions if the installed ones are unknown; then the application is added
// to every. The versions of cilium are the CNIs of the clusters in scope. Of other system
// applications all versions are in scope, because KKP can install each of them at any time.
func (f *finder) versionsOf(app definition, every map[string]bool) []kkp.ApplicationVersion {
	used := []string{app.DefaultVersion}
	for _, installed := range f.inst.Applications.Installations {
		if installed.Name == app.Name {
			used = append(used, installed.Version)
		}
	}
	isCNI := app.System && app.Name == cilium
	if isCNI {
		used = append(used, f.ciliumVersions()...)
	}
	isUsed := func(v kkp.ApplicationVersion) bool {
		return slices.ContainsFunc(used, func(version string) bool { return sameVersion(version, v.Version) })
	}
	versions, earlier := app.Versions, slices.DeleteFunc(slices.Clone(app.earlier), func(v kkp.ApplicationVersion) bool { return !isUsed(v) })
	if f.opts.All {
		return slices.Concat(versions, earlier)
	}
	switch {
	case isCNI && f.clustersKnown():
		f.lacking(app, used)
	case app.shipped && app.System && !isCNI:
		return slices.Concat(versions, earlier)
	case isCNI || f.unknownInstallations() != nil:
		if len(versions) > 1 {
			every[app.Name] = true
		}
		return slices.Concat(versions, app.earlier)
	}
	return slices.Concat(slices.DeleteFunc(slices.Clone(versions), func(v kkp.ApplicationVersion) bool { return !isUsed(v) }), earlier)
}

// ciliumVersions returns the cilium versions of the clusters in scope.
func (f *finder) ciliumVersions() []string {
	var versions []string
	for _, s := range f.scopes {
		for _, cluster := range s.clusters {
			if version, ok := strings.CutPrefix(cluster.CNI, cilium+" "); ok && !slices.Contains(versions, version) {
				versions = append(versions, version)
			}
		}
	}
	return versions
}

// lacking adds a gap for each cilium version in use without a chart. The oldest versions were
// addons and have no chart.
func (f *finder) lacking(app definition, used []string) {
	for _, version := range used {
		known := slices.ContainsFunc(slices.Concat(app.Versions, app.earlier), func(v kkp.ApplicationVersion) bool { return sameVersion(v.Version, version) })
		if !known && !slices.Contains(f.release.CNI()[cilium], version) {
			f.Gap(Applications, "application "+app.Name+" "+version, fmt.Errorf("user clusters use this version, and neither KKP %s nor a live ApplicationDefinition names its chart", f.release.Version()))
		}
	}
}

// clustersKnown reports whether the clusters of every Seed are known. With files they are known,
// even if there are none.
func (f *finder) clustersKnown() bool {
	if !f.inst.Live {
		return true
	}
	return len(f.inst.Seeds) > 0 && !slices.ContainsFunc(f.inst.Seeds, func(s kkp.Seed) bool { return !s.Read })
}

// unknownInstallations returns why the installed applications are unknown, nil if they are known.
func (f *finder) unknownInstallations() error {
	if err := f.inst.Applications.InstallationsUnknown; err != nil {
		return err
	}
	if !f.clustersKnown() {
		return errors.New("not every Seed could be read")
	}
	return nil
}

// counted returns the names, or their number if there are many.
func counted(names []string, noun string) string {
	switch n := len(names); {
	case n == 1:
		return "the " + noun + " " + names[0]
	case n > 4:
		return fmt.Sprintf("%d %ss", n, noun)
	}
	return "the " + noun + "s " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
