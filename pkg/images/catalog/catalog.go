// Package catalog knows the images that each KKP release needs, and why: images that are compiled
// into KKP and that no API lists. The facts are embedded from package data. It must not know
// clusters, registries or files.
package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// Edition of KKP.
type Edition string

// The editions.
const (
	CE Edition = "ce"
	EE Edition = "ee"
)

// UnknownEditionError is an edition that is neither CE nor EE.
type UnknownEditionError struct{ Edition string }

func (e *UnknownEditionError) Error() string {
	return fmt.Sprintf("unknown edition %q: must be ce or ee", e.Edition)
}

// ParseEdition accepts any case, as in status.kubermaticEdition ("EE").
func ParseEdition(s string) (Edition, error) {
	switch edition := Edition(strings.ToLower(strings.TrimSpace(s))); edition {
	case CE, EE:
		return edition, nil
	default:
		return "", &UnknownEditionError{Edition: s}
	}
}

// OperatorRepository returns registry and repository of KKP's own image, the image of its operator.
// It has KKP's charts in opt/charts (kubermatic Dockerfile, v2.31.0).
func OperatorRepository(edition Edition) (registry, repository string) {
	if edition == EE {
		return "quay.io", "kubermatic/kubermatic-ee"
	}
	return "quay.io", "kubermatic/kubermatic"
}

// UnknownReleaseError is a version that does not belong to a supported KKP minor.
type UnknownReleaseError struct {
	Version string
	// Oldest and Newest are the supported minors: "v2.28", "v2.31".
	Oldest, Newest string
	// Err is the error of parsing the version; nil for an unsupported minor.
	Err error
}

func (e *UnknownReleaseError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("KKP version %q: %v (supported: %s to %s)", e.Version, e.Err, e.Oldest, e.Newest)
	}
	return fmt.Sprintf("KKP version %s is not supported (supported: %s to %s)", e.Version, e.Oldest, e.Newest)
}

func (e *UnknownReleaseError) Unwrap() error { return e.Err }

// Open returns the facts about a release. For an unknown patch release, these are the facts of the
// next older one, or of the oldest known one. The same applies to pre-releases and untagged builds
// (v2.31.0-12-gabc comes after v2.31.0), which are never exact. The error is an
// *UnknownReleaseError or an *UnknownEditionError.
func Open(version string, edition Edition) (*Release, error) {
	edition, err := ParseEdition(string(edition))
	if err != nil {
		return nil, err
	}
	minors, err := data.Minors()
	if err != nil {
		return nil, err
	}
	asked, err := parseVersion(version)
	if err != nil || !slices.Contains(minors, data.MinorOf(asked.semver)) {
		return nil, &UnknownReleaseError{Version: version, Oldest: minors[0], Newest: minors[len(minors)-1], Err: err}
	}
	file, err := data.Load(data.MinorOf(asked.semver))
	if err != nil {
		return nil, err
	}
	return newRelease(file, asked, edition)
}

// Supported lists the releases in the catalog, oldest first.
func Supported() []string {
	minors, err := data.Minors()
	if err != nil {
		return nil
	}
	var releases []string
	for _, minor := range minors {
		file, err := data.Load(minor)
		if err != nil {
			return nil
		}
		for _, release := range file.Releases {
			releases = append(releases, release.Version)
		}
	}
	return releases
}

// kkpVersion is a requested KKP version.
type kkpVersion struct {
	text   string
	semver *semver.Version
}

// parseVersion reads "v2.31.0", with or without the "v".
func parseVersion(version string) (kkpVersion, error) {
	text := strings.TrimSpace(version)
	if !strings.HasPrefix(text, "v") {
		text = "v" + text
	}
	parsed, err := semver.StrictNewVersion(text[1:])
	if err != nil {
		return kkpVersion{}, err
	}
	return kkpVersion{text: text, semver: parsed}, nil
}

// core returns the version without pre-release and build metadata.
func (v kkpVersion) core() *semver.Version {
	return semver.New(v.semver.Major(), v.semver.Minor(), v.semver.Patch(), "", "")
}

// nearest returns the index of the release whose data is used: the newest release that is not newer
// than the version, else the oldest.
func (v kkpVersion) nearest(releases []data.Release) (int, error) {
	index := 0
	for i, release := range releases {
		known, err := semver.NewVersion(release.Version)
		if err != nil {
			return 0, err
		}
		if !known.GreaterThan(v.core()) {
			index = i
		}
	}
	return index, nil
}
