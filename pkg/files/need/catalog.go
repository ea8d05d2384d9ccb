package need

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	profiles "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// defaultProfiles are those of the release's minor.
type defaultProfiles struct {
	profiles.Release
	osm string // the version of the operating-system-manager (OSM) that the release has
}

func (f *finder) openDefaults() (defaultProfiles, error) {
	known, err := profiles.Open("v" + profiles.MinorOf(f.Release.Version()))
	tag := f.Installation.Configuration.Field("spec.userCluster.operatingSystemManager.imageTag")
	return defaultProfiles{known, cmp.Or(tag, ManagerVersion(f.Release))}, err
}

// ManagerVersion returns the version of OSM that a release has, "" if it is not known.
func ManagerVersion(release *catalog.Release) string {
	all, _ := release.Images(catalog.Everything())
	for _, img := range all {
		name, tag, ok := strings.Cut(img.Reference[strings.LastIndex(img.Reference, "/")+1:], ":")
		if ok && name == "operating-system-manager" {
			return tag
		}
	}
	return ""
}

// fromCatalog adds what the catalog knows of a default profile. Data of another version of
// OSM than the release's is a gap.
func (f *finder) fromCatalog(name, kubernetes, provider, seed string) {
	known, err := f.defaultProfiles()
	if err != nil {
		return // told already
	}
	p, ok := known.Profile(name)
	if !ok {
		return // told already
	}
	if known.osm != known.OSM {
		f.tell(fmt.Sprintf("the default profiles of operating-system-manager %s are not known, those of %s are taken: versions may differ",
			cmp.Or(known.osm, "of this release"), known.OSM))
	}
	reason := files.Reason{Source: Catalog, Profile: p.Name, OS: p.OS, Cluster: seed, Kubernetes: []string{kubernetes}}
	for _, file := range p.Files {
		if !file.For(kubernetes, provider) {
			continue
		}
		reason.Where = file.Where
		for _, architecture := range f.Architectures {
			f.list.Add(file.Address(kubernetes, architecture), architecture, reason)
		}
	}
	set := files.PackageSet{OS: p.OS, OSVersion: p.OSVersion, Profiles: []string{p.Name}}
	for _, pkg := range p.Packages {
		if pkg.For(kubernetes, provider) {
			set.Manager, set.Packages = pkg.Manager, append(set.Packages, pkg.Name)
		}
	}
	for _, r := range p.Repositories {
		if r.For(kubernetes, provider) {
			set.Repositories = append(set.Repositories, written(r.Entry, r.URL))
		}
	}
	f.list.Install(set)
}

// tell adds a gap of the catalog, once.
func (f *finder) tell(text string) {
	if !f.told[text] {
		f.told[text] = true
		f.list.Gap(Catalog, "KKP "+f.Release.Version(), text)
	}
}
