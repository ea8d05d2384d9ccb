package main

import (
	"fmt"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// cell is one release in one edition.
type cell struct {
	release int
	edition string
}

// grid is a component's images, cell by cell: the form in which one release
// and edition can be changed without touching the others.
type grid struct {
	component data.Component
	// contents are the entries without release and edition, in order.
	contents []data.Entry
	cells    []map[cell]bool
}

func newGrid(file *data.File, component data.Component) *grid {
	g := &grid{component: component}
	for _, entry := range component.Images {
		for release := range file.Releases {
			for _, edition := range []string{"ce", "ee"} {
				if file.Active(component, entry, release, edition) {
					g.add(entry, cell{release, edition})
				}
			}
		}
	}
	return g
}

// content strips what the grid's cells say.
func content(entry data.Entry) data.Entry {
	entry.Since, entry.Until, entry.Edition = "", "", ""
	return entry
}

func (g *grid) find(entry data.Entry) int {
	want := fmt.Sprintf("%+v", content(entry))
	return slices.IndexFunc(g.contents, func(e data.Entry) bool { return fmt.Sprintf("%+v", e) == want })
}

func (g *grid) add(entry data.Entry, at cell) {
	i := g.find(entry)
	if i < 0 {
		i = len(g.contents)
		g.contents = append(g.contents, content(entry))
		g.cells = append(g.cells, map[cell]bool{})
	}
	g.cells[i][at] = true
}

func (g *grid) remove(entry data.Entry, at cell) {
	if i := g.find(entry); i >= 0 {
		delete(g.cells[i], at)
	}
}

// at is the grid of one release alone, as the first of its file.
func (g *grid) at(release int) *grid {
	only := &grid{component: g.component}
	for i, entry := range g.contents {
		for _, edition := range []string{"ce", "ee"} {
			if g.cells[i][cell{release, edition}] {
				only.add(entry, cell{0, edition})
			}
		}
	}
	return only
}

// entries writes the grid back with as few entries as it takes.
func (g *grid) entries(file *data.File) []data.Entry {
	var entries []data.Entry
	for i, entry := range g.contents {
		for _, edition := range []string{"", "ce", "ee"} {
			entries = append(entries, g.spans(file, entry, i, edition)...)
		}
	}
	return entries
}

// spans are the runs of releases whose cells are those of an edition, or, if
// it is empty, of all editions that the component has.
func (g *grid) spans(file *data.File, entry data.Entry, i int, edition string) []data.Entry {
	var spans []data.Entry
	start := -1
	for release := 0; release <= len(file.Releases); release++ {
		inside := release < len(file.Releases) && g.editionAt(i, release) == edition
		if inside && start < 0 {
			start = release
		}
		if inside || start < 0 {
			continue
		}
		span := entry
		span.Edition = edition
		if start > 0 {
			span.Since = file.Releases[start].Version
		}
		if release < len(file.Releases) {
			span.Until = file.Releases[release-1].Version
		}
		spans, start = append(spans, span), -1
	}
	return spans
}

// editionAt is the Entry.Edition that describes a release's cells, "none" if
// there are none.
func (g *grid) editionAt(i, release int) string {
	ce, ee := g.cells[i][cell{release, "ce"}], g.cells[i][cell{release, "ee"}]
	switch {
	case !ce && !ee:
		return "none"
	case ce && ee, g.component.Edition != "":
		return ""
	case ce:
		return "ce"
	default:
		return "ee"
	}
}
