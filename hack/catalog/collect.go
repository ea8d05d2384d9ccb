package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// imageSet holds references as the installer prints them.
type imageSet map[string]bool

// sightings are the runs of one installer.
type sightings struct {
	release string
	base    imageSet
	// byMinor and byProvider are the filtered runs; byProvider is empty for
	// installers without --provider-filter.
	byMinor, byProvider map[string]imageSet
}

// collect asks for what there is to merge: from the installer, whose runs are
// recorded if there is a directory for them, or from such a directory.
func collect(ctx context.Context, opts options, knownProviders []string) (*sightings, error) {
	var recorded *runs
	if opts.runs != "" {
		var err error
		if recorded, err = openRuns(opts.runs); err != nil {
			return nil, err
		}
	}
	if opts.installer == "" {
		return look(opts, knownProviders, func(filters ...string) (imageSet, error) { return recorded.list(filters) })
	}
	dir, err := os.MkdirTemp("", "catalog-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	in, err := newInstaller(opts.installer, dir)
	if err != nil {
		return nil, err
	}
	return look(opts, knownProviders, func(filters ...string) (imageSet, error) {
		images, err := in.list(ctx, filters...)
		if err == nil && recorded != nil {
			err = recorded.record(in.args(filters), dir, images)
		}
		return images, err
	})
}

// look asks once without filters, then once per Kubernetes minor and per
// provider.
func look(opts options, knownProviders []string, list func(filters ...string) (imageSet, error)) (*sightings, error) {
	seen := &sightings{release: opts.release, byMinor: map[string]imageSet{}, byProvider: map[string]imageSet{}}
	ask := func(filters ...string) (imageSet, error) {
		images, err := list(filters...)
		return opts.components(images), err
	}
	var err error
	if seen.base, err = ask(); err != nil {
		return nil, err
	}
	minors := opts.minors
	if len(minors) == 0 {
		minors = minorsOf(seen.kubernetes())
	}
	for _, minor := range minors {
		if seen.byMinor[minor], err = ask("--version-filter", "~"+minor+".0"); err != nil {
			return nil, err
		}
	}
	providers, err := filterable(opts, knownProviders)
	if err != nil {
		return nil, err
	}
	for _, provider := range providers {
		if seen.byProvider[provider], err = ask("--provider-filter", provider); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// filterable are the providers to run filters for: none before v2.30, whose
// installers lack --provider-filter.
func filterable(opts options, known []string) ([]string, error) {
	if len(opts.providers) > 0 {
		return opts.providers, nil
	}
	release, err := semver.NewVersion(opts.release)
	if err != nil {
		return nil, fmt.Errorf("release %q: %w", opts.release, err)
	}
	if release.LessThan(semver.New(2, 30, 0, "", "")) {
		return nil, nil
	}
	return known, nil
}

// kubernetes are the default versions, ascending: the tags of kube-apiserver.
func (s *sightings) kubernetes() []string {
	const apiserver = "registry.k8s.io/kube-apiserver"
	var versions []*semver.Version
	for image := range s.base {
		if repository, tag := split(image); repository == apiserver {
			if version, err := semver.NewVersion(tag); err == nil {
				versions = append(versions, version)
			}
		}
	}
	slices.SortFunc(versions, (*semver.Version).Compare)
	names := make([]string, 0, len(versions))
	for _, version := range versions {
		names = append(names, version.String())
	}
	return names
}

// minorsOf keeps the order.
func minorsOf(versions []string) []string {
	var minors []string
	for _, version := range versions {
		minor := version[:strings.LastIndex(version, ".")]
		if !slices.Contains(minors, minor) {
			minors = append(minors, minor)
		}
	}
	return minors
}

// split cuts a reference into repository and tag, or digest if it has no tag.
func split(image string) (repository, tag string) {
	name, digest, _ := strings.Cut(image, "@")
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		return name[:colon], name[colon+1:]
	}
	return name, digest
}

func sorted[V any](set map[string]V) []string { return slices.Sorted(maps.Keys(set)) }
