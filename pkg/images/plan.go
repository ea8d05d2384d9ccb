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
	Digest string // what the source must be, if that is known before it is asked

	Also []string // the second places of the image (Image.Also), if the target is an archive
}

// Plan is what a sync will do, in the order of the target references.
type Plan struct {
	Target Target
	Copies []Copy
}

// NewPlan maps every image of the inventory to the target.
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

// Written is the reference that the copy writes: the target, with the tag under which a
// digest is kept if it has none.
func (c Copy) Written() Ref {
	written := c.Target
	written.Tag = c.Target.PushTag()
	return written
}

// place is what can be overwritten in a registry.
func (c Copy) place() string { return c.Target.Name() + ":" + c.Target.PushTag() }

// Shared returns the groups of copies with one target. They are harmless only if all
// sources of a group are the same content.
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

// ConflictError says that different images would land on one target.
type ConflictError struct {
	Conflicts []Conflict
}

// Conflict is a target with the sources that claim it.
type Conflict struct {
	Target  Ref
	Sources []string // each with its digest, or why that is unknown
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

// Resolve drops the copies that would repeat another one, and returns a *ConflictError
// if different content claims one target. digest tells what a source is; its error
// counts as a difference, because equality cannot be shown.
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

// once returns the plan with one copy for each place, which has the second places of all.
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

// compareGroup returns the conflict in a group of copies with one target, or nil.
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
