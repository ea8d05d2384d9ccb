package data

import (
	"fmt"
	"slices"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"
)

// Parse reads a file strictly: an unknown field, a condition that does not
// parse or a name that the releases do not know is an error.
func Parse(raw []byte) (*File, error) {
	file := &File{}
	if err := yaml.UnmarshalStrict(raw, file); err != nil {
		return nil, err
	}
	if err := file.validate(); err != nil {
		return nil, err
	}
	return file, nil
}

// Index is the position of a release, -1 if the file does not have it.
func (f *File) Index(version string) int {
	return slices.IndexFunc(f.Releases, func(r Release) bool { return r.Version == version })
}

// Release returns the release at an index with what it takes over from the
// releases before it.
func (f *File) Release(index int) Release {
	full := Release{}
	for _, release := range f.Releases[:index+1] {
		full.Version = release.Version
		inherit(&full.Kubernetes, release.Kubernetes)
		inherit(&full.Providers, release.Providers)
		inherit(&full.DefaultAddons, release.DefaultAddons)
		inherit(&full.AccessibleAddons, release.AccessibleAddons)
		if release.DefaultKubernetes != "" {
			full.DefaultKubernetes = release.DefaultKubernetes
		}
		if release.DefaultCNI != "" {
			full.DefaultCNI = release.DefaultCNI
		}
		if release.CNI != nil {
			full.CNI = release.CNI
		}
		if release.CNIDefaults != nil {
			full.CNIDefaults = release.CNIDefaults
		}
	}
	return full
}

// Within reports whether the release at an index lies between since and until,
// both inclusive and both optional.
func (f *File) Within(index int, since, until string) bool {
	return (since == "" || index >= f.Index(since)) && (until == "" || index <= f.Index(until))
}

// Active reports whether an entry of a component belongs to the release at an
// index, in an edition.
func (f *File) Active(c Component, e Entry, index int, edition string) bool {
	return matchesEdition(c.Edition, edition) && matchesEdition(e.Edition, edition) &&
		f.Within(index, e.Since, e.Until)
}

// ActiveSetting is Active for a setting.
func (f *File) ActiveSetting(s Setting, index int, edition string) bool {
	return matchesEdition(s.Edition, edition) && f.Within(index, s.Since, s.Until)
}

func matchesEdition(condition, edition string) bool {
	return condition == "" || condition == edition
}

func inherit(field *[]string, value []string) {
	if value != nil {
		*field = value
	}
}

// parseVersions reads the versions of the releases and checks their order.
func (f *File) parseVersions() error {
	if len(f.Releases) == 0 {
		return fmt.Errorf("no releases")
	}
	var previous *semver.Version
	for _, release := range f.Releases {
		version, err := semver.StrictNewVersion(trimV(release.Version))
		if err != nil || "v"+version.String() != release.Version {
			return fmt.Errorf("release %q is not a version like v2.31.0", release.Version)
		}
		if previous != nil && (MinorOf(previous) != MinorOf(version) || !previous.LessThan(version)) {
			return fmt.Errorf("release %s does not follow v%s", release.Version, previous)
		}
		previous = version
	}
	return nil
}

func trimV(version string) string {
	if len(version) > 0 && version[0] == 'v' {
		return version[1:]
	}
	return version
}
