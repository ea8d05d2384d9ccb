// Package catalog knows what the nodes of each KKP minor download with the default
// operating system profiles of its operating-system-manager (OSM), for the time before
// anything is there that could be traced. Its data is made from these profiles, by
// hack/profiles. It must not know what is installed.
package catalog

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed data/*.yaml
var embedded embed.FS

// Release is what the default profiles of a version of OSM download.
type Release struct {
	OSM      string    `json:"osm"` // "v1.11.3"
	Profiles []Profile `json:"profiles"`
}

// Profile is a default profile.
type Profile struct {
	Name         string       `json:"name"`    // "osp-ubuntu"
	Version      string       `json:"version"` // of the profile
	OS           string       `json:"os"`      // "ubuntu"
	OSVersion    string       `json:"osVersion"`
	Providers    []string     `json:"providers"` // that it is for, by OSM's names
	Files        []File       `json:"files"`
	Packages     []Package    `json:"packages,omitempty"`
	Repositories []Repository `json:"repositories,omitempty"`
}

// Condition says for which machines something is.
type Condition struct {
	Kubernetes []string `json:"kubernetes,omitempty"` // minors; none: any
	Except     []string `json:"except,omitempty"`     // minors that it is not for
	Providers  []string `json:"providers,omitempty"`  // by OSM's names; none: any
}

// File is a file, with {kubernetes} for the version of Kubernetes ("1.35.7") and {arch} for
// the architecture ("amd64") in its address.
type File struct {
	URL       string `json:"url"`
	Where     string `json:"where"` // "/opt/bin/setup"
	Condition `json:",inline"`
}

// Package is a package of the operating system.
type Package struct {
	Name      string `json:"name"` // as it is asked for: "containerd.io=2.2*"
	Manager   string `json:"manager"`
	Condition `json:",inline"`
}

// Repository is a place that packages come from.
type Repository struct {
	URL       string `json:"url"`
	Entry     string `json:"entry,omitempty"`
	Condition `json:",inline"`
}

// UnknownMinorError is a KKP minor that has no data.
type UnknownMinorError struct{ Minor string }

func (e *UnknownMinorError) Error() string {
	return fmt.Sprintf("the default operating system profiles of KKP %s are not known (known: %s)", e.Minor, strings.Join(Minors(), ", "))
}

// Minors are the KKP minors that have data, oldest first: "v2.31".
func Minors() []string {
	entries, err := embedded.ReadDir("data")
	if err != nil {
		return nil
	}
	var minors []string
	for _, e := range entries {
		minors = append(minors, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return minors
}

// Open returns what the nodes of a KKP minor ("v2.31") download with its newest OSM that
// is known. The error is an *UnknownMinorError.
func Open(minor string) (Release, error) {
	text, err := embedded.ReadFile(path.Join("data", minor+".yaml"))
	if err != nil {
		return Release{}, &UnknownMinorError{minor}
	}
	return Parse(text)
}

// Parse reads the data of a minor.
func Parse(text []byte) (Release, error) {
	var r Release
	err := yaml.UnmarshalStrict(text, &r)
	return r, err
}

// For tells whether something is for a machine with a Kubernetes version ("1.35.7"), of a
// provider by OSM's name.
func (c Condition) For(kubernetes, provider string) bool {
	minor := MinorOf(kubernetes)
	return (len(c.Kubernetes) == 0 || slices.Contains(c.Kubernetes, minor)) && !slices.Contains(c.Except, minor) &&
		(len(c.Providers) == 0 || slices.Contains(c.Providers, provider))
}

// MinorOf is the minor of a version: "1.35" of "v1.35.7".
func MinorOf(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// Address is the address of a file for a Kubernetes version and an architecture.
func (f File) Address(kubernetes, architecture string) string {
	return strings.NewReplacer("{kubernetes}", strings.TrimPrefix(kubernetes, "v"), "{arch}", architecture).Replace(f.URL)
}

// Profile returns a default profile by its name.
func (r Release) Profile(name string) (Profile, bool) {
	i := slices.IndexFunc(r.Profiles, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return r.Profiles[i], true
}
