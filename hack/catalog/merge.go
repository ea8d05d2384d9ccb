package main

import (
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// merge changes the target's data to what the runs listed and reports how.
// The installer's log names no components: an image belongs to those that
// used its repository before.
func (t *target) merge(seen *sightings, report *changes) {
	t.setKubernetes(seen.kubernetes(), report)
	t.prune(seen)
	m := &matcher{target: t, seen: seen, rows: seen.rows(), report: report}
	m.compare()
	for i, component := range t.file.Components {
		t.file.Components[i].Images = m.rebuild(component)
	}
	t.file.Components = slices.DeleteFunc(t.file.Components, func(c data.Component) bool { return len(c.Images) == 0 })
	m.addNew()
	t.carriedOver(report)
}

// setKubernetes notes the default versions. The log does not tell which one
// is the default: it is taken to be the newest of the minor it was.
func (t *target) setKubernetes(versions []string, report *changes) {
	release := t.release()
	if slices.Equal(release.Kubernetes, versions) {
		return
	}
	t.file.Releases[t.index].Kubernetes = versions
	minor := release.DefaultKubernetes[:strings.LastIndex(release.DefaultKubernetes, ".")]
	newest := release.DefaultKubernetes
	for _, version := range versions {
		if strings.HasPrefix(version, minor+".") {
			newest = version
		}
	}
	if newest != release.DefaultKubernetes {
		t.file.Releases[t.index].DefaultKubernetes = newest
	}
	report.note("Kubernetes versions: %s", difference(release.Kubernetes, versions))
	report.note("CNI versions and addons are as before; check them against the release's source")
}

// prune takes minors and providers that the release no longer has out of the
// conditions of images that upstream does not list; a new minor needs that.
func (t *target) prune(seen *sightings) {
	if len(t.file.Releases) > 1 {
		return
	}
	minors, providers := minorsOf(seen.kubernetes()), t.release().Providers
	for i := range t.file.Components {
		component := &t.file.Components[i]
		component.Images = slices.DeleteFunc(component.Images, func(e data.Entry) bool {
			useless := unlisted(e) && (gone(e.Kubernetes, minors) || gone(e.Providers, providers))
			t.pruned[e.Image] = t.pruned[e.Image] || useless
			return useless
		})
		for k := range component.Images {
			entry := &component.Images[k]
			entry.Kubernetes = keep(entry.Kubernetes, minors)
			entry.Providers, entry.Except = keep(entry.Providers, providers), keep(entry.Except, providers)
		}
	}
}

// difference lists what is added with + and what is removed with -.
func difference(before, after []string) string {
	var parts []string
	for _, version := range without(after, before) {
		parts = append(parts, "+"+version)
	}
	for _, version := range without(before, after) {
		parts = append(parts, "-"+version)
	}
	return strings.Join(parts, " ")
}

func gone(condition, known []string) bool {
	return len(condition) > 0 && len(keep(condition, known)) == 0
}

func keep(condition, known []string) []string {
	var kept []string
	for _, name := range condition {
		if slices.Contains(known, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// addNew files images of unknown repositories under the image's name.
func (m *matcher) addNew() {
	for _, image := range sorted(m.fresh) {
		repository, _ := split(image)
		if m.known[repository] {
			continue
		}
		name := path.Base(repository)
		m.report.note("new repository %s: filed under component %q on user-cluster; check its name, place, overwriteRegistry and features",
			repository, name)
		found := m.rows[image]
		entry := data.Entry{Image: image, Kubernetes: found.minors, Providers: found.providers}
		m.target.component(name, func(g *grid) { g.add(entry, m.target.cell()) })
	}
}

func (t *target) cell() cell { return cell{t.index, t.edition} }

// component edits a component of the user cluster, making it if need be.
func (t *target) component(name string, edit func(*grid)) {
	i := slices.IndexFunc(t.file.Components, func(c data.Component) bool {
		return c.Name == name && slices.Contains(c.RunsOn, "user-cluster")
	})
	if i < 0 {
		i = len(t.file.Components)
		t.file.Components = append(t.file.Components, data.Component{Name: name, RunsOn: []string{"user-cluster"}})
	}
	g := newGrid(t.file, t.file.Components[i])
	edit(g)
	t.file.Components[i].Images = g.entries(t.file)
}

// unlisted reports whether no run lists an entry.
func unlisted(e data.Entry) bool {
	return e.Upstream == data.UpstreamMissing || e.Upstream == data.UpstreamCharts
}

// carriedOver names what no run can confirm.
func (t *target) carriedOver(report *changes) {
	listed := map[string]bool{}
	for _, component := range t.file.Components {
		for _, entry := range t.active(component) {
			listed[entry.Image] = listed[entry.Image] || !unlisted(entry)
		}
	}
	for _, component := range t.file.Components {
		for _, entry := range t.active(component) {
			if !listed[entry.Image] {
				report.unconfirmed = append(report.unconfirmed, component.Name+" "+entry.Image)
			}
		}
	}
}

// older reports whether a tag is a lower version, as far as both are versions.
func older(a, b string) bool {
	left, errLeft := semver.NewVersion(a)
	right, errRight := semver.NewVersion(b)
	return errLeft == nil && errRight == nil && left.LessThan(right)
}
