package patch

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// switchesSince is the first KKP release with the TLS switches for charts.
const switchesSince = "2.30.0"

// KnownTo keeps the edits of fields that a release has, by the catalog: for objects in files,
// where no API server can be asked. lacking are the fields of the others.
func KnownTo(release *catalog.Release, objects []Object) (known []Object, lacking []apply.Path) {
	fields := map[string]bool{}
	for _, s := range release.Settings() {
		fields[s.Object+" "+s.Field] = true
	}
	for _, object := range objects {
		kept := Object{Kind: object.Kind, Name: object.Name}
		for _, edit := range object.Edits {
			if fields[object.Kind+" "+edit.Path.String()] || !isRepository(edit.Path) && hasSwitch(release, edit.Path) {
				kept.Edits = append(kept.Edits, edit)
			} else {
				lacking = append(lacking, edit.Path)
			}
		}
		known = append(known, kept)
	}
	return known, lacking
}

// SeedsOnly is the plan without the KubermaticConfiguration: for files that lack one.
func (p ConfigPlan) SeedsOnly() ConfigPlan {
	ofSeed := func(field string) bool { return strings.HasPrefix(field, "Seed ") }
	seeds := p
	seeds.Objects, seeds.Omitted = nil, nil
	for _, object := range p.Objects {
		if object.Kind == KindSeed {
			seeds.Objects = append(seeds.Objects, object)
		}
	}
	for _, omitted := range p.Omitted {
		omitted.Fields = slices.DeleteFunc(slices.Clone(omitted.Fields), func(field string) bool { return !ofSeed(field) })
		if len(omitted.Fields) > 0 {
			seeds.Omitted = append(seeds.Omitted, omitted)
		}
	}
	return seeds
}

// isRepository tells whether a field is one of the catalog's settings, of any release.
func isRepository(path apply.Path) bool {
	name := path[len(path)-1]
	return strings.HasSuffix(name, "ockerRepository") || name == "imageRepository" || strings.HasSuffix(path.String(), ".image.repository")
}

// hasSwitch tells whether a release has a field that is no setting of the catalog. All
// supported releases have them but for the TLS switches.
func hasSwitch(release *catalog.Release, path apply.Path) bool {
	name := path[len(path)-1]
	if name != "plainHTTP" && name != "insecureSkipTLSVerify" {
		return true
	}
	version, err := semver.NewVersion(release.DataVersion())
	return err == nil && !version.LessThan(semver.MustParse(switchesSince))
}
