package main

import (
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// matcher finds out which components an image of the runs belongs to.
type matcher struct {
	target *target
	seen   *sightings
	rows   map[string]row
	report *changes
	// fresh are images that the data lacks, lost those that it should not
	// have; an image whose conditions changed is both.
	fresh, lost map[string]bool
	// known are the repositories of the data, losing those that lost images.
	known, losing map[string]bool
}

// compare finds what differs between the runs and what the data predicts.
func (m *matcher) compare() {
	m.fresh, m.lost, m.known, m.losing = map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	users := map[string][]data.Entry{}
	for _, component := range m.target.file.Components {
		for _, entry := range m.target.active(component) {
			if !unlisted(entry) {
				users[entry.Image] = append(users[entry.Image], entry)
			}
		}
	}
	for image, entries := range users {
		repository, _ := split(image)
		m.known[repository] = true
		if found, ok := m.rows[image]; !ok || !m.predicted(entries, found) {
			m.lost[image], m.losing[repository] = true, true
		}
	}
	for image := range m.rows {
		m.fresh[image] = len(users[image]) == 0 || m.lost[image]
		if !m.fresh[image] {
			delete(m.fresh, image)
		}
	}
}

// predicted reports whether entries, taken together, are listed by the runs
// that listed the row.
func (m *matcher) predicted(entries []data.Entry, found row) bool {
	var minors, providers []string
	anyMinor, anyProvider := false, false
	for _, entry := range entries {
		anyMinor = anyMinor || len(entry.Kubernetes) == 0
		minors = append(minors, entry.Kubernetes...)
		listed := m.listedProviders(entry)
		anyProvider = anyProvider || listed == nil
		providers = append(providers, listed...)
	}
	return sameRuns(minors, anyMinor, found.minors, sorted(m.seen.byMinor)) &&
		(len(m.seen.byProvider) == 0 || sameRuns(providers, anyProvider, found.providers, sorted(m.seen.byProvider)))
}

// listedProviders are the providers with which the installer lists an entry;
// nil: all.
func (m *matcher) listedProviders(entry data.Entry) []string {
	switch {
	case entry.Upstream == data.UpstreamUnfiltered:
		return nil
	case len(entry.Except) > 0:
		return slices.DeleteFunc(sorted(m.seen.byProvider), func(p string) bool { return slices.Contains(entry.Except, p) })
	default:
		return entry.Providers
	}
}

// sameRuns compares names; any, or all of those known, is the same as nil.
func sameRuns(names []string, anyName bool, found, known []string) bool {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if anyName || slices.Equal(names, known) {
		return found == nil
	}
	return slices.Equal(names, found)
}

// rebuild replaces what a component lost by the fresh images of the same
// repository.
func (m *matcher) rebuild(component data.Component) []data.Entry {
	g := newGrid(m.target.file, component)
	bases := map[string][]data.Entry{}
	for _, entry := range m.target.active(component) {
		_, stays := m.rows[entry.Image]
		if unlisted(entry) && (stays || !m.lost[entry.Image]) {
			continue // an image that is listed for other uses goes where they go
		}
		repository, _ := split(entry.Image)
		if m.lost[entry.Image] {
			g.remove(entry, m.target.cell())
		}
		if m.lost[entry.Image] || !m.losing[repository] {
			bases[repository] = append(bases[repository], entry)
		}
	}
	for _, image := range sorted(m.fresh) {
		repository, _ := split(image)
		for _, base := range fitting(bases[repository], m.rows[image]) {
			g.add(base, m.target.cell())
		}
	}
	return g.entries(m.target.file)
}

// fitting gives a row the conditions that no run tells, from the entries that
// it stands in for: those for providers that listed it.
func fitting(bases []data.Entry, found row) []data.Entry {
	var entries []data.Entry
	unfiltered := slices.ContainsFunc(bases, func(e data.Entry) bool { return e.Upstream == data.UpstreamUnfiltered })
	for _, base := range bases {
		isUnfiltered := base.Upstream == data.UpstreamUnfiltered
		if unfiltered && isUnfiltered != (found.providers == nil) {
			continue
		}
		if found.providers != nil && len(base.Providers) > 0 && len(keep(base.Providers, found.providers)) == 0 {
			continue
		}
		base.Image = found.image
		if unlisted(base) {
			if found.minors == nil || len(base.Kubernetes) == 0 || len(keep(base.Kubernetes, found.minors)) > 0 {
				entries = append(entries, base)
			}
			continue
		}
		base.Kubernetes = found.minors
		if len(base.Providers) == 0 && len(base.Except) == 0 {
			base.Providers = found.providers
		}
		entries = append(entries, base)
	}
	return entries
}
