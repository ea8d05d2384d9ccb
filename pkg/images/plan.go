package images

import (
	"fmt"
	"slices"
	"strings"
)

// Copy is one step of a Plan.
type Copy struct {
	Source Ref
	Target Ref
	Kind   Kind
	Digest string // required digest of the source, "" if unknown

	Also []string // the second places of the image (Image.Also), if the target is an archive
}

// Plan is the copies of a sync, sorted by target reference.
type Plan struct {
	Target Target
	Copies []Copy
}

// NewPlan returns a copy for each image of the inventory.
func NewPlan(inv Inventory, target Target) Plan {
	plan := Plan{Target: target}
	for _, img := range inv.Images {
		digest := img.Digest
		if img.Ref.Digest != "" {
			digest = img.Ref.Digest
		}
		for _, place := range target.Places(img) {
			c := Copy{Source: img.Ref, Target: place, Kind: img.Kind, Digest: digest}
			if target.Archive != "" {
				c.Also = img.Also
			}
			plan.Copies = append(plan.Copies, c)
		}
	}
	slices.SortStableFunc(plan.Copies, func(a, b Copy) int { return strings.Compare(a.Target.String(), b.Target.String()) })
	return plan
}

// Written returns the reference that the copy writes: the target, with PushTag if it has no tag.
func (c Copy) Written() Ref {
	written := c.Target
	written.Tag = c.Target.PushTag()
	return written
}

// place returns the name in the target that the copy overwrites.
func (c Copy) place() string { return c.Target.Name() + ":" + c.Target.PushTag() }

// Shared returns the groups of copies with the same target. A group is a conflict unless all its
// sources have the same content.
func (p Plan) Shared() [][]Copy {
	groups := map[string][]Copy{}
	for _, c := range p.Copies {
		groups[c.place()] = append(groups[c.place()], c)
	}
	var shared [][]Copy
	for _, c := range p.Copies {
		if group := groups[c.place()]; len(group) > 1 {
			shared = append(shared, group)
			delete(groups, c.place())
		}
	}
	return shared
}

// ConflictError says that different images have the same target.
type ConflictError struct {
	Conflicts []Conflict
}

// Conflict is a target with its sources.
type Conflict struct {
	Target  Ref
	Sources []string // each with its digest or the error
}

func (e *ConflictError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "different images would land on one target, because the mirror keeps the path of an image and drops its host:")
	for _, c := range e.Conflicts {
		fmt.Fprintf(&b, "\n  %s\n    ← %s", c.Target, strings.Join(c.Sources, "\n    ← "))
	}
	b.WriteString("\nNothing was copied. Leave all but one out (--exclude), or sync them to targets with different prefixes.")
	return b.String()
}

// Resolve removes duplicate copies, and returns a *ConflictError if different content has the same
// target. digest returns the digest of a source; a source with an error counts as different.
func (p Plan) Resolve(digest func(Copy) (string, error)) (Plan, error) {
	var conflicts []Conflict
	for _, group := range p.Shared() {
		if conflict := compareGroup(group, digest); conflict != nil {
			conflicts = append(conflicts, *conflict)
		}
	}
	if len(conflicts) > 0 {
		return Plan{}, &ConflictError{Conflicts: conflicts}
	}
	return p.once(), nil
}

// once returns the plan with one copy for each place. The copy has the second places of all
// duplicates.
func (p Plan) once() Plan {
	resolved := Plan{Target: p.Target}
	first := map[string]int{}
	for _, c := range p.Copies {
		at, known := first[c.place()]
		if !known {
			first[c.place()] = len(resolved.Copies)
			resolved.Copies = append(resolved.Copies, c)
			continue
		}
		resolved.Copies[at].Also = sortedSet(slices.Concat(resolved.Copies[at].Also, c.Also), strings.Compare)
	}
	return resolved
}

// compareGroup returns the conflict in a group of copies with the same target, or nil.
func compareGroup(group []Copy, digest func(Copy) (string, error)) *Conflict {
	conflict := Conflict{Target: group[0].Target}
	digests := map[string]bool{}
	for _, c := range group {
		d, err := digest(c)
		if err != nil {
			digests["unknown "+c.Source.String()] = true
			conflict.Sources = append(conflict.Sources, fmt.Sprintf("%s (digest unknown: %v)", c.Source, err))
			continue
		}
		digests[d] = true
		conflict.Sources = append(conflict.Sources, fmt.Sprintf("%s (%s)", c.Source, d))
	}
	if len(digests) == 1 {
		return nil
	}
	return &conflict
}
