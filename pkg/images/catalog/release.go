package catalog

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// Release is the facts about one KKP release in one edition.
type Release struct {
	file    *data.File
	index   int
	facts   data.Release
	version string
	edition Edition
	all     func() []Setting // also of other releases; computed once
}

func newRelease(file *data.File, asked kkpVersion, edition Edition) (*Release, error) {
	index, err := asked.nearest(file.Releases)
	if err != nil {
		return nil, err
	}
	release := &Release{
		file: file, index: index, facts: file.Release(index), version: asked.text, edition: edition,
	}
	release.all = sync.OnceValue(release.allSettings)
	return release, nil
}

// Version returns the requested version with "v". {kkp} expands to it.
func (r *Release) Version() string { return r.version }

// DataVersion returns the release whose data is used.
func (r *Release) DataVersion() string { return r.facts.Version }

// Exact reports whether the data is the data of the requested version.
func (r *Release) Exact() bool { return r.version == r.facts.Version }

// Edition returns the requested edition.
func (r *Release) Edition() Edition { return r.edition }

// Kubernetes lists the default versions, ascending, without "v".
func (r *Release) Kubernetes() []string { return slices.Clone(r.facts.Kubernetes) }

// DefaultKubernetes is the version that new clusters get.
func (r *Release) DefaultKubernetes() string { return r.facts.DefaultKubernetes }

// CNI lists the versions per CNI type, deprecated ones included. The type
// "none" has one empty version.
func (r *Release) CNI() map[string][]string {
	types := make(map[string][]string, len(r.facts.CNI))
	for name, versions := range r.facts.CNI {
		types[name] = slices.Clone(versions)
	}
	return types
}

// DefaultCNI is the CNI that new clusters get; those of the provider edge get
// canal (pkg/defaulting/cluster.go).
func (r *Release) DefaultCNI() (typ, version string) {
	return r.facts.DefaultCNI, r.DefaultCNIVersion(r.facts.DefaultCNI)
}

// DefaultCNIVersion is the default version of a CNI type, empty if unknown.
func (r *Release) DefaultCNIVersion(typ string) string { return r.facts.CNIDefaults[typ] }

// Providers lists every provider that the release knows, sorted.
func (r *Release) Providers() []string { return slices.Clone(r.facts.Providers) }

// DefaultAddons are installed into every cluster unless configured otherwise.
func (r *Release) DefaultAddons() []string { return slices.Clone(r.facts.DefaultAddons) }

// AccessibleAddons may be chosen by users unless configured otherwise.
func (r *Release) AccessibleAddons() []string { return slices.Clone(r.facts.AccessibleAddons) }

// Features lists the features that any image of the release depends on, sorted.
func (r *Release) Features() []string {
	features := map[string]bool{}
	for _, component := range r.file.Components {
		for _, entry := range component.Images {
			if !r.file.Active(component, entry, r.index, string(r.edition)) {
				continue
			}
			for _, feature := range slices.Concat(component.Features, entry.Features) {
				features[feature] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(features))
}

// Setting is a field for the repository of the images of some components.
type Setting struct {
	// Object is "KubermaticConfiguration" or "Seed".
	Object string
	// Field is its path: "spec.api.dockerRepository".
	Field      string
	Components []string
	// Repository is the default of the release's edition.
	Repository string
	// TagField and SuffixField name the fields of the tag, empty if there are
	// none.
	TagField, SuffixField string
	// OverwriteRegistry is true if KKP applies overwriteRegistry also to a value of this field.
	OverwriteRegistry bool
	// Edition is the only one that reads the field, empty for both.
	Edition Edition
}

// Doubled tells whether the setting is one of Seeds that names the repository of an image,
// and that user clusters get with overwriteRegistry in front of its path.
func (s Setting) Doubled(img NeededImage) bool {
	return s.Object == "Seed" && s.OverwriteRegistry && slices.Contains(s.Components, img.Component) && strings.HasPrefix(img.Reference, s.Repository+":")
}

// Settings lists the settings that the release has.
func (r *Release) Settings() []Setting {
	var settings []Setting
	for _, s := range r.file.Settings {
		if r.file.ActiveSetting(s, r.index, string(r.edition)) {
			settings = append(settings, r.setting(s))
		}
	}
	return settings
}

// AllSettings returns the settings of the release, followed by the settings that only another
// edition or another supported release has.
func (r *Release) AllSettings() []Setting { return slices.Clone(r.all()) }

func (r *Release) allSettings() []Setting {
	settings := r.Settings()
	minors, err := data.Minors()
	if err != nil {
		return settings
	}
	for _, minor := range slices.Backward(minors) {
		file, err := data.Load(minor)
		if err != nil {
			continue
		}
		for _, s := range file.Settings {
			if !slices.ContainsFunc(settings, func(have Setting) bool { return have.Object == s.Object && have.Field == s.Field }) {
				settings = append(settings, r.setting(s))
			}
		}
	}
	return settings
}

// setting returns a setting with the values of the release's edition.
func (r *Release) setting(s data.Setting) Setting {
	repository := s.Repository
	if r.edition == EE && s.RepositoryEE != "" {
		repository = s.RepositoryEE
	}
	return Setting{
		Object: s.Object, Field: s.Field, Components: slices.Clone(s.Components), Repository: repository,
		TagField: s.TagField, SuffixField: s.SuffixField, OverwriteRegistry: s.OverwriteRegistry, Edition: Edition(s.Edition),
	}
}
