package display

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// changeGone is the change of an image that only the older list has.
const changeGone = "gone"

// Changes counts what is new, changed or gone since an older list.
func Changes(inv images.Inventory, since string) string {
	counts := map[string]int{}
	for _, img := range inv.Images {
		counts[img.Change]++
	}
	return fmt.Sprintf("since %s: %d new, %d changed, %d gone", since, counts[images.ChangeNew], counts[images.ChangeChanged], len(inv.Gone))
}

// compared reports whether an inventory is a comparison with an older list that has differences.
func compared(inv images.Inventory) bool {
	return len(inv.Gone) > 0 || len(inv.Images) > 0 && inv.Images[0].Change != ""
}

// gone returns the images of the older list that are not needed any more, with this change.
func gone(inv images.Inventory) []images.Image {
	var all []images.Image
	for _, img := range inv.Gone {
		img.Change = changeGone
		all = append(all, img)
	}
	return all
}

// withChanges puts the change before the cells of each image, and adds the images that are gone.
func withChanges(rows [][]string, inv images.Inventory, wide bool) [][]string {
	var all [][]string
	for i, cells := range rows {
		all = append(all, append([]string{inv.Images[i].Change}, cells...))
	}
	for _, img := range gone(inv) {
		all = append(all, append([]string{img.Change}, sizedRow(img, wide, sized(inv))...))
	}
	return all
}
