package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// shape is a Cluster with exactly one Kubernetes version of a known minor.
type shape struct {
	kubernetes, minor string
	provider, cni     string
}

// meets reports whether a cluster of this shape uses the entry.
func (s shape) meets(e data.Entry) bool {
	return meetsKubernetes(e.Kubernetes, s) && meetsList(e.Providers, s.provider) && meetsList(e.CNI, s.cni) &&
		(s.provider == "" || !slices.Contains(e.Except, s.provider))
}

func meetsKubernetes(condition []string, s shape) bool {
	return len(condition) == 0 || slices.Contains(condition, s.minor) || slices.Contains(condition, s.kubernetes)
}

// meetsList reports whether a value meets a condition. An empty value stands for any and meets all.
func meetsList(condition []string, value string) bool {
	return len(condition) == 0 || value == "" || slices.Contains(condition, value)
}

// unconditional reports whether an entry is needed without any user cluster.
func unconditional(e data.Entry) bool {
	return len(e.Kubernetes) == 0 && len(e.Providers) == 0 && len(e.Except) == 0 && len(e.CNI) == 0
}

// describe returns a condition as text.
func describe(e data.Entry, kubernetes, features []string) string {
	var parts []string
	if len(kubernetes) > 0 {
		parts = append(parts, "Kubernetes "+strings.Join(kubernetes, " or "))
	}
	if len(e.Providers) > 0 {
		parts = append(parts, strings.Join(e.Providers, " or "))
	}
	if len(e.Except) > 0 {
		parts = append(parts, "not "+strings.Join(e.Except, " or "))
	}
	if len(e.CNI) > 0 {
		parts = append(parts, strings.Join(e.CNI, " or "))
	}
	return strings.Join(append(parts, features...), ", ")
}

// shapes expands clusters to one Kubernetes version each, and collects the values that the release
// does not know.
func (r *Release) shapes(clusters []Cluster) ([]shape, []Unknown) {
	minors := r.minors()
	var shapes []shape
	unknown := map[Unknown]bool{}
	for _, cluster := range clusters {
		versions := r.facts.Kubernetes
		if cluster.Kubernetes != "" {
			versions = []string{strings.TrimPrefix(cluster.Kubernetes, "v")}
		}
		for _, version := range versions {
			expanded := shape{provider: cluster.Provider, cni: strings.TrimSpace(cluster.CNI)}
			parsed, err := semver.StrictNewVersion(version)
			if err != nil {
				unknown[Unknown{"Kubernetes " + version, "not a version like 1.34.9: the images of this version are not known"}] = true
			} else {
				expanded.kubernetes, expanded.minor = version, minorOf(parsed)
			}
			shapes = append(shapes, expanded)
		}
		r.check(cluster, minors, unknown)
	}
	return shapes, sortedUnknown(unknown)
}

// check collects the values of a cluster that the release does not know.
func (r *Release) check(cluster Cluster, minors []string, unknown map[Unknown]bool) {
	version, err := semver.StrictNewVersion(strings.TrimPrefix(cluster.Kubernetes, "v"))
	if err == nil && !slices.Contains(minors, minorOf(version)) {
		reason := fmt.Sprintf("KKP %s supports %s to %s: the images of this minor version are not known",
			r.facts.Version, minors[0], minors[len(minors)-1])
		unknown[Unknown{"Kubernetes " + version.String(), reason}] = true
	}
	stranger := func(subject, per string) {
		reason := fmt.Sprintf("not known to KKP %s: the images that depend on the %s are not known", r.facts.Version, per)
		unknown[Unknown{subject, reason}] = true
	}
	if cluster.Provider != "" && !slices.Contains(r.facts.Providers, cluster.Provider) {
		stranger("provider "+cluster.Provider, "provider")
	}
	if !r.knowsCNI(cluster.CNI) {
		stranger("CNI "+cluster.CNI, "CNI")
	}
}

func (r *Release) knowsCNI(cni string) bool {
	if cni == "" {
		return true
	}
	typ, version, _ := strings.Cut(strings.TrimSpace(cni), " ")
	return slices.Contains(r.facts.CNI[typ], version)
}

// minors returns the minors of the default versions, ascending.
func (r *Release) minors() []string {
	var minors []string
	for _, kubernetes := range r.facts.Kubernetes {
		version, err := semver.StrictNewVersion(kubernetes)
		if err == nil && !slices.Contains(minors, minorOf(version)) {
			minors = append(minors, minorOf(version))
		}
	}
	return minors
}

func minorOf(version *semver.Version) string {
	return fmt.Sprintf("%d.%d", version.Major(), version.Minor())
}

func sortedUnknown(set map[Unknown]bool) []Unknown {
	var unknown []Unknown
	for u := range set {
		unknown = append(unknown, u)
	}
	slices.SortFunc(unknown, func(a, b Unknown) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Reason, b.Reason))
	})
	return unknown
}
