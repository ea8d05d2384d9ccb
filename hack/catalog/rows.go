package main

import (
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// row is an image, with its templates, and the runs that listed it.
type row struct {
	image string
	// minors and providers are those whose runs listed it; nil: all of them.
	minors, providers []string
}

// rows merges the runs: what appears only with some minors or providers
// depends on them.
func (s *sightings) rows() map[string]row {
	templated := s.followKubernetes()
	rows := map[string]row{}
	for image := range s.base {
		name := s.template(image, templated)
		found := row{image: name}
		if !strings.Contains(name, data.KubernetesTemplate) {
			found.minors = listedBy(s.byMinor, image)
		}
		found.providers = listedBy(s.byProvider, image)
		rows[name] = found
	}
	return rows
}

// listedBy names the runs that have an image, nil if all do. An image that no
// filtered run has does not depend on the filter: it is listed regardless.
func listedBy(runs map[string]imageSet, image string) []string {
	var names []string
	for _, name := range sorted(runs) {
		if runs[name][image] {
			names = append(names, name)
		}
	}
	if len(names) == len(runs) {
		return nil
	}
	return names
}

// followKubernetes are the repositories whose tags are the Kubernetes versions.
func (s *sightings) followKubernetes() map[string]bool {
	tags := map[string][]string{}
	for image := range s.base {
		repository, tag := split(image)
		tags[repository] = append(tags[repository], strings.TrimPrefix(tag, "v"))
	}
	want := slices.Sorted(slices.Values(s.kubernetes()))
	follow := map[string]bool{}
	for repository, found := range tags {
		follow[repository] = slices.Equal(slices.Sorted(slices.Values(found)), want)
	}
	return follow
}

func (s *sightings) template(image string, followKubernetes map[string]bool) string {
	repository, tag := split(image)
	switch {
	case tag == s.release:
		return repository + ":" + data.KKPTemplate
	case followKubernetes[repository]:
		return repository + ":v" + data.KubernetesTemplate
	default:
		return image
	}
}
