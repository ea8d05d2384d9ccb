package images

import (
	"cmp"
	"slices"
	"strings"
)

// Kind is the kind of an artifact.
type Kind string

// The kinds of artifacts.
const (
	KindImage Kind = "image"
	KindChart Kind = "chart" // a Helm chart, stored as an OCI artifact
)

// UpstreamMissing marks an image that `kubermatic-installer mirror-images` does not list.
const UpstreamMissing = "missing"

// The changes of an image since an older list.
const (
	ChangeNew     = "new"
	ChangeChanged = "changed"
)

// SourceRunning is the source of images that pods run.
const SourceRunning = "running"

// Reason is why an image is needed.
type Reason struct {
	Source    string `json:"source"`              // source of the inventory, such as "components"
	Component string `json:"component,omitempty"` // workload that uses the image
	Cluster   string `json:"cluster,omitempty"`   // "master" or the name of the Seed
	Condition string `json:"condition,omitempty"` // such as "Kubernetes 1.34.9, aws"; empty: always
}

// String returns the reason as one line.
func (r Reason) String() string {
	s := r.Source
	if r.Component != "" {
		s += ": " + r.Component
	}
	if r.Cluster != "" {
		s += " on " + ClusterName(r.Cluster)
	}
	if r.Condition != "" {
		s += " (" + r.Condition + ")"
	}
	return s
}

// The names of clusters, apart from the names of Seeds.
const (
	Master    = "master"
	NoCluster = "no cluster yet" // of a Helm release that is not installed
)

// ClusterName is the name of a cluster in a sentence: "master" or "Seed NAME".
func ClusterName(cluster string) string {
	if cluster == Master || cluster == NoCluster {
		return cluster
	}
	return "Seed " + cluster
}

// Image is an image or chart that KKP pulls, with the reasons.
type Image struct {
	Ref      Ref      `json:"ref"`
	Kind     Kind     `json:"kind,omitempty"`
	Digest   string   `json:"digest,omitempty"`   // resolved digest, if known
	Target   *Ref     `json:"target,omitempty"`   // target reference, if a target is known
	Also     []string `json:"also,omitempty"`     // second places: further repositories below the prefix of the target (see CheckPlace)
	Upstream string   `json:"upstream,omitempty"` // UpstreamMissing or empty
	Moved    *Move    `json:"moved,omitempty"`    // origin of the digest, if the image is gone from its reference
	Reasons  []Reason `json:"reasons,omitempty"`

	Content *Content `json:"content,omitempty"` // sizes and annotations, if they were read

	Change string `json:"change,omitempty"` // since an older list: ChangeNew or ChangeChanged
	Before string `json:"before,omitempty"` // digest in the older list, if the image has changed
}

// Contribution is the contribution of a source to an inventory.
type Contribution struct {
	Source string `json:"source"`
	Images int    `json:"images"`         // images with a reason of this source
	Note   string `json:"note,omitempty"` // why there are none, without a gap
}

// Inventory is the images that an installation needs, each once, sorted by reference, with the gaps.
type Inventory struct {
	Images  []Image
	Gaps    []Gap
	Notes   []string       // facts for the user that are not gaps
	Sources []Contribution // of the selected sources; none if unknown

	Excluded []Ref   // images that were excluded on request
	Gone     []Image // images of an older list that are not needed any more, if the inventory is a comparison
}

// Collector builds an Inventory. The zero value is ready for use. It is not safe for concurrent use.
type Collector struct {
	images map[key]*Image
	gaps   []Gap
	notes  []string
}

type key struct {
	ref  Ref
	kind Kind
}

// Add adds an image. A known image gets the new reasons. It is missing upstream only if every
// source says so.
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

// Gap adds a gap for a subject that could not be read.
func (c *Collector) Gap(source, subject string, err error) {
	c.GapWith(source, subject, err, "")
}

// GapWith is Gap with the effect on the list.
func (c *Collector) GapWith(source, subject string, err error, effect string) {
	gap := newGap(source, subject, err)
	gap.Effect = effect
	c.gaps = append(c.gaps, gap)
}

// Note adds a note for the user.
func (c *Collector) Note(text string) { c.notes = append(c.notes, text) }

// Inventory returns the inventory, sorted and without duplicate reasons and gaps.
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

// SortGaps sorts the gaps after adding some.
func (inv *Inventory) SortGaps() { inv.Gaps = sortedSet(inv.Gaps, compareGaps) }

// Where returns the inventory with only the images for which keep returns true.
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

// From returns the inventory with the contributions of the selected sources in this order. silent
// has the notes for sources without images and gaps.
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

// contributions counts the images of each source again.
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

// Without returns the inventory without the images that another inventory has in the same places.
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

// Conditions returns the conditions under which an image is needed, none if one reason has no
// condition. A running pod is not a condition.
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
