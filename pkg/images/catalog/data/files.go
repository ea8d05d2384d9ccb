package data

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

//go:embed *.yaml
var files embed.FS

// Minors lists the KKP minors that have a file, oldest first: "v2.31".
func Minors() ([]string, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list catalog data: %w", err)
	}
	minors := make([]*semver.Version, 0, len(entries))
	for _, entry := range entries {
		minor, err := semver.NewVersion(strings.TrimSuffix(entry.Name(), ".yaml"))
		if err != nil {
			return nil, fmt.Errorf("catalog file %s: %w", entry.Name(), err)
		}
		minors = append(minors, minor)
	}
	slices.SortFunc(minors, (*semver.Version).Compare)
	names := make([]string, 0, len(minors))
	for _, minor := range minors {
		names = append(names, MinorOf(minor))
	}
	return names, nil
}

// MinorOf is the name of a version's minor: "v2.31".
func MinorOf(version *semver.Version) string {
	return fmt.Sprintf("v%d.%d", version.Major(), version.Minor())
}

// Raw returns the embedded file of a minor as it is.
func Raw(minor string) ([]byte, error) {
	return files.ReadFile(minor + ".yaml")
}

// Load reads the embedded file of a minor.
func Load(minor string) (*File, error) {
	raw, err := Raw(minor)
	if err != nil {
		return nil, err
	}
	file, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("catalog file %s.yaml: %w", minor, err)
	}
	return file, nil
}
