package addon

import (
	"strconv"

	"github.com/Masterminds/semver/v3"
)

// semantic is a parsed version.
type semantic = semver.Version

// version is the Kubernetes version of the cluster, with the methods of the *semver.Version that
// templates get from KKP. Each method asks only for the value that it returns, so that a template is
// rendered once for all versions with the same values.
type version struct{ trace *trace }

func (v version) ask(text string, of func(semantic) string) string {
	return v.trace.ask(question{aboutKubernetes, text, func(value string) string {
		parsed, err := semver.NewVersion(value)
		if err != nil {
			return value
		}
		return of(*parsed)
	}})
}

func (v version) number(text string, of func(semantic) uint64) uint64 {
	number, err := strconv.ParseUint(v.ask(text, func(s semantic) string { return strconv.FormatUint(of(s), 10) }), 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// compare is -1, 0 or 1, as semver's Compare.
func (v version) compare(other *semver.Version) int {
	answer := v.ask("compare "+other.String(), func(s semantic) string { return strconv.Itoa(s.Compare(other)) })
	result, err := strconv.Atoi(answer)
	if err != nil {
		return 0
	}
	return result
}

// satisfies reports whether the version is in a constraint; text is the constraint.
func (v version) satisfies(text string, constraint *semver.Constraints) bool {
	return v.ask("satisfies "+text, func(s semantic) string { return onOff(constraint.Check(&s)) }) == on
}

// String is the version: "1.34.9".
func (v version) String() string {
	return v.ask("whole", func(s semantic) string { return s.String() })
}

// Original is the version as written.
func (v version) Original() string { return v.String() }

// MarshalText is for templates that convert the version to JSON or YAML.
func (v version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Major is 1 in 1.34.9.
func (v version) Major() uint64 {
	return v.number("major", func(s semantic) uint64 { return s.Major() })
}

// Minor is 34 in 1.34.9.
func (v version) Minor() uint64 {
	return v.number("minor number", func(s semantic) uint64 { return s.Minor() })
}

// Patch is 9 in 1.34.9.
func (v version) Patch() uint64 {
	return v.number("patch", func(s semantic) uint64 { return s.Patch() })
}

// Prerelease is rc.1 in 1.35.0-rc.1.
func (v version) Prerelease() string {
	return v.ask("prerelease", func(s semantic) string { return s.Prerelease() })
}

// Metadata is the build metadata after a plus sign.
func (v version) Metadata() string {
	return v.ask("metadata", func(s semantic) string { return s.Metadata() })
}

// Compare, Equal, LessThan, GreaterThan and the others are those of semver.
func (v version) Compare(other *semver.Version) int { return v.compare(other) }

// Equal is semver's.
func (v version) Equal(other *semver.Version) bool { return v.compare(other) == 0 }

// LessThan is semver's.
func (v version) LessThan(other *semver.Version) bool { return v.compare(other) < 0 }

// LessThanEqual is semver's.
func (v version) LessThanEqual(other *semver.Version) bool { return v.compare(other) <= 0 }

// GreaterThan is semver's.
func (v version) GreaterThan(other *semver.Version) bool { return v.compare(other) > 0 }

// GreaterThanEqual is semver's.
func (v version) GreaterThanEqual(other *semver.Version) bool { return v.compare(other) >= 0 }
