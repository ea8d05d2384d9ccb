package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// changes is the summary of a merge.
type changes struct {
	title                   string
	added, removed, changed []string
	unchanged               int
	// unconfirmed are images that no run lists, carried over.
	unconfirmed []string
	notes       []string
}

// use is why an image is there: component and condition.
type use struct{ component, condition, repository string }

// snapshot maps each use to its tags.
func (t *target) snapshot() map[use][]string {
	tags := map[use][]string{}
	for _, component := range t.file.Components {
		for _, entry := range t.active(component) {
			repository, tag := split(entry.Image)
			key := use{component.Name + " (" + strings.Join(component.RunsOn, ", ") + ")", describe(component, entry), repository}
			tags[key] = append(tags[key], tag)
		}
	}
	return tags
}

// describe joins the conditions of an entry.
func describe(c data.Component, e data.Entry) string {
	except := make([]string, 0, len(e.Except))
	for _, provider := range e.Except {
		except = append(except, "not "+provider)
	}
	return strings.Join(slices.Concat(e.Kubernetes, e.Providers, except, e.CNI, c.Features, e.Features), ", ")
}

func (c *changes) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// compare fills the lists from what there was before and is there now.
func (c *changes) compare(before, after map[use][]string) {
	uses := map[use]bool{}
	for key := range before {
		uses[key] = true
	}
	for key := range after {
		uses[key] = true
	}
	for key := range uses {
		removed, added := without(before[key], after[key]), without(after[key], before[key])
		c.unchanged += len(after[key]) - len(added)
		if len(removed) == 1 && len(added) == 1 {
			arrow := "→"
			if older(added[0], removed[0]) {
				arrow = "→ (older)"
			}
			c.changed = append(c.changed, fmt.Sprintf("%s %s %s", key.render(removed[0]), arrow, added[0]))
			continue
		}
		for _, tag := range removed {
			c.removed = append(c.removed, key.render(tag))
		}
		for _, tag := range added {
			c.added = append(c.added, key.render(tag))
		}
	}
	for _, lines := range [][]string{c.added, c.removed, c.changed} {
		slices.Sort(lines)
	}
}

func (u use) render(tag string) string {
	text := u.component
	if u.condition != "" {
		text += " [" + u.condition + "]"
	}
	return text + " " + u.repository + ":" + tag
}

func without(list, other []string) []string {
	var rest []string
	for _, item := range list {
		if !slices.Contains(other, item) {
			rest = append(rest, item)
		}
	}
	return rest
}

func (c *changes) print(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d added, %d removed, %d changed, %d unchanged\n", c.title, len(c.added), len(c.removed), len(c.changed), c.unchanged)
	sections := []struct {
		sign  string
		lines []string
	}{{"+", c.added}, {"-", c.removed}, {"~", c.changed}, {"!", c.notes}}
	for _, section := range sections {
		for _, line := range section.lines {
			fmt.Fprintln(&text, section.sign, line)
		}
	}
	if len(c.unconfirmed) > 0 {
		fmt.Fprintln(&text, "! listed by no run, carried over; check them against the release's source:")
		for _, line := range c.unconfirmed {
			fmt.Fprintln(&text, "   ", line)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}
