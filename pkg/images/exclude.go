package images

import (
	"slices"
	"strings"
)

// Excluding returns the inventory without the images that one of some patterns means (see
// Ref.Matches). They are named in Excluded, as left out by decision. unused are the patterns
// that mean no image, neither here nor among those that were left out before.
func (inv Inventory) Excluding(patterns []string) (kept Inventory, unused []string) {
	excluded := slices.Clone(inv.Excluded)
	used := map[string]bool{}
	matches := func(ref Ref) (found bool) {
		for _, pattern := range patterns {
			if ref.Matches(pattern) {
				used[pattern], found = true, true
			}
		}
		return found
	}
	for _, ref := range inv.Excluded {
		matches(ref)
	}
	kept = inv.Where(func(img Image) bool {
		if !matches(img.Ref) {
			return true
		}
		excluded = append(excluded, img.Ref)
		return false
	})
	kept.Excluded = sortedSet(excluded, compareRefs)
	return kept, slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool { return used[pattern] })
}

func compareRefs(a, b Ref) int { return strings.Compare(a.String(), b.String()) }

// Since returns the inventory with only the images that are new since an older one, or have
// changed: they have another digest now, or more second places. A digest that is not known
// on one side is no change. What is gone is in Gone, with the reasons of the older inventory;
// an image that is left out by decision is not gone.
func (inv Inventory) Since(older Inventory) Inventory {
	return inv.Compared(older).Where(func(img Image) bool { return img.Change != "" })
}

// Compared returns the inventory with all its images, and the changes of Since.
func (inv Inventory) Compared(older Inventory) Inventory {
	before, now := older.byKey(), inv.byKey()
	inv.Images = slices.Clone(inv.Images)
	for i := range inv.Images {
		img := &inv.Images[i]
		if img.Change = img.changed(before); img.Change == ChangeChanged {
			img.Before = before[key{img.Ref, img.Kind}].Digest
		}
	}
	inv.Gone = nil
	for _, img := range older.Images {
		if _, still := now[key{img.Ref, img.Kind}]; !still && !slices.Contains(inv.Excluded, img.Ref) {
			inv.Gone = append(inv.Gone, img)
		}
	}
	return inv
}

// changed says how an image differs from that of an older inventory.
func (img Image) changed(before map[key]Image) string {
	old, known := before[key{img.Ref, img.Kind}]
	switch {
	case !known:
		return ChangeNew
	case img.Digest != "" && old.Digest != "" && img.Digest != old.Digest, !old.Covers(img.Also):
		return ChangeChanged
	default:
		return ""
	}
}

// Beyond returns the inventory with only the images that a list neither has nor leaves out
// by decision.
func (inv Inventory) Beyond(list Inventory) Inventory {
	known := list.byKey()
	return inv.Where(func(img Image) bool {
		_, ok := known[key{img.Ref, img.Kind}]
		return !ok && !slices.Contains(list.Excluded, img.Ref)
	})
}

func (inv Inventory) byKey() map[key]Image {
	known := map[key]Image{}
	for _, img := range inv.Images {
		known[key{img.Ref, img.Kind}] = img
	}
	return known
}
