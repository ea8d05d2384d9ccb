package images

import (
	"cmp"
	"slices"
	"strings"
)

// Kind tells what a reference stands for.
type Kind string

// The kinds of things that are copied.
const (
	KindImage Kind = "image"
	KindChart Kind = "chart" // a Helm chart, stored as an OCI artifact
)

// UpstreamMissing marks an image that KKP's own `mirror-images` does not list.
const UpstreamMissing = "missing"

// SourceRunning is the source of images that pods run.
const SourceRunning = "running"

// Reason returns why an image is needed.
type Reason struct {
	Source    string `json:"source"`              // the source that found it, such as "components"
	Component string `json:"component,omitempty"` // the workload that runs it
	Cluster   string `json:"cluster,omitempty"`   // "master" or the name of the Seed
	Condition string `json:"condition,omitempty"` // such as "Kubernetes 1.34.9, aws"; empty: always
}

// String is the reason on one line.
func (r Reason) String() string {
	s := r.Source
	if r.Component != "" {
		s += ": " + r.Component
	}
	if r.Cluster != "" {
		s += " on " + r.Cluster
	}
	if r.Condition != "" {
		s += " (" + r.Condition + ")"
	}
	return s
}

// Image is something that KKP pulls, with the reasons for it.
type Image struct {
	Ref      Ref      `json:"ref"`
	Kind     Kind     `json:"kind,omitempty"`
	Digest   string   `json:"digest,omitempty"`   // what the reference resolved to, where it was resolved
	Target   *Ref     `json:"target,omitempty"`   // where it goes, where a target is known
	Also     []string `json:"also,omitempty"`     // its second places: further repositories below the target's prefix (see CheckPlace)
	Upstream string   `json:"upstream,omitempty"` // UpstreamMissing or empty
	Moved    *Move    `json:"moved,omitempty"`    // where the digest is from, if the image is gone from its reference
	Reasons  []Reason `json:"reasons,omitempty"`

	State  string `json:"state,omitempty"`  // what a copy would do, where a target was asked: new, different, present, unknown
	Change string `json:"change,omitempty"` // since an older list: new, changed
}

// Contribution is what a source adds to an inventory.
type Contribution struct {
	Source string `json:"source"`
	Images int    `json:"images"`         // that it is a reason for, alone or among others
	Note   string `json:"note,omitempty"` // why there are none, where that is no gap
}

// Inventory is what an installation needs: each image once, ordered by reference,
// and what could not be found out.
type Inventory struct {
	Images  []Image
	Gaps    []Gap
	Notes   []string       // things to tell the user that are not gaps
	Sources []Contribution // of the sources that were asked; none if that is not known

	Excluded []Ref // what was left out by decision
	Gone     []Ref // what an older list had, where the inventory is what has changed since
}

// Collector gathers an Inventory. Its zero value is ready to use; it is not safe for
// concurrent use.
type Collector struct {
	images map[key]*Image
	gaps   []Gap
	notes  []string
}

type key struct {
	ref  Ref
	kind Kind
}

// Add records an image. One that is known already gets the new reasons, and is
// missing upstream only if every source says so.
func (c *Collector) Add(img Image) {
	if img.Kind == "" {
		img.Kind = KindImage
	}
	k := key{img.Ref, img.Kind}
	known, ok := c.images[k]
	if !ok {
		if c.images == nil {
			c.images = map[key]*Image{}
		}
		img.Reasons = slices.Clone(img.Reasons)
		img.Also = sortedSet(img.Also, strings.Compare)
		c.images[k] = &img
		return
	}
	known.Reasons = append(known.Reasons, img.Reasons...)
	known.Also = sortedSet(slices.Concat(known.Also, img.Also), strings.Compare)
	if img.Upstream == "" {
		known.Upstream = ""
	}
	known.Digest = cmp.Or(known.Digest, img.Digest)
}

// Gap records something that could not be read.
func (c *Collector) Gap(source, subject string, err error) {
	c.GapWith(source, subject, err, "")
}

// GapWith records something that could not be read, and what that means for the list.
func (c *Collector) GapWith(source, subject string, err error, effect string) {
	gap := newGap(source, subject, err)
	gap.Effect = effect
	c.gaps = append(c.gaps, gap)
}

// Note records something to tell the user.
func (c *Collector) Note(text string) { c.notes = append(c.notes, text) }

// Inventory returns what was gathered, ordered, without repeated reasons and gaps.
func (c *Collector) Inventory() Inventory {
	inv := Inventory{Gaps: sortedSet(c.gaps, compareGaps), Notes: sortedSet(c.notes, strings.Compare)}
	for _, img := range c.images {
		img.Reasons = sortedSet(img.Reasons, compareReasons)
		inv.Images = append(inv.Images, *img)
	}
	slices.SortFunc(inv.Images, func(a, b Image) int {
		return cmp.Or(strings.Compare(a.Ref.String(), b.Ref.String()), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	return inv
}

func sortedSet[T comparable](items []T, compare func(a, b T) int) []T {
	sorted := slices.Clone(items)
	slices.SortFunc(sorted, compare)
	return slices.Compact(sorted)
}

func compareReasons(a, b Reason) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Component, b.Component),
		strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.Condition, b.Condition))
}

func compareGaps(a, b Gap) int {
	return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Error, b.Error), strings.Compare(a.Cause, b.Cause), strings.Compare(a.Effect, b.Effect))
}

// SortGaps orders the gaps, after some were added.
func (inv *Inventory) SortGaps() { inv.Gaps = sortedSet(inv.Gaps, compareGaps) }

// Where returns the inventory with only the images that keep accepts.
func (inv Inventory) Where(keep func(Image) bool) Inventory {
	var kept []Image
	for _, img := range inv.Images {
		if keep(img) {
			kept = append(kept, img)
		}
	}
	inv.Images = kept
	inv.Sources = inv.contributions()
	return inv
}

// From returns the inventory with what the sources that were asked, in this order, have
// added to it. silent says why a source has nothing, if it has nothing and no gap.
func (inv Inventory) From(sources []string, silent map[string]string) Inventory {
	inv.Sources = nil
	for _, source := range sources {
		inv.Sources = append(inv.Sources, Contribution{Source: source})
	}
	inv.Sources = inv.contributions()
	for i, from := range inv.Sources {
		if from.Images == 0 && !slices.ContainsFunc(inv.Gaps, func(gap Gap) bool { return gap.Source == from.Source }) {
			inv.Sources[i].Note = silent[from.Source]
		}
	}
	return inv
}

// contributions counts anew what each source has added.
func (inv Inventory) contributions() []Contribution {
	found := map[string]int{}
	for _, img := range inv.Images {
		seen := map[string]bool{}
		for _, reason := range img.Reasons {
			if !seen[reason.Source] {
				seen[reason.Source] = true
				found[reason.Source]++
			}
		}
	}
	counted := slices.Clone(inv.Sources)
	for i := range counted {
		counted[i].Images = found[counted[i].Source]
	}
	return counted
}

// Without returns the inventory without the images that another one has, in the same places.
func (inv Inventory) Without(other Inventory) Inventory {
	known := other.byKey()
	return inv.Where(func(img Image) bool {
		before, ok := known[key{img.Ref, img.Kind}]
		return !ok || !before.Covers(img.Also)
	})
}

// Covers reports whether the image has all of these second places.
func (img Image) Covers(also []string) bool {
	return !slices.ContainsFunc(also, func(place string) bool { return !slices.Contains(img.Also, place) })
}

// Conditions are the conditions under which an image is needed, none if one of its reasons is
// unconditional. That it runs now is no condition.
func (img Image) Conditions() []string {
	var conditions []string
	for _, reason := range img.Reasons {
		switch {
		case reason.Source == SourceRunning:
		case reason.Condition == "":
			return nil
		default:
			conditions = append(conditions, reason.Condition)
		}
	}
	return conditions
}
