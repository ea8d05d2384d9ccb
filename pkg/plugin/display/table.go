package display

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Names prints a line with the reference of each image.
func Names(out io.Writer, inv images.Inventory) {
	for _, img := range inv.Images {
		fmt.Fprintln(out, img.Ref)
	}
}

// Images prints a row for each image, below a header unless noHeaders is set. In a comparison with
// an older list, the first column has the change, and the images that are gone come last. A wide
// table is not shortened to the width of a terminal.
func Images(out io.Writer, inv images.Inventory, wide, noHeaders bool) error {
	header := []string{"IMAGE", "SOURCE", "COMPONENT", "CONDITION"}
	if wide {
		header = []string{"IMAGE", "SOURCE", "KIND", "UPSTREAM", "DIGEST", "CLUSTER", "CONDITION", "COMPONENT"} // the longest last
	}
	withSizes := sized(inv)
	if withSizes {
		header = slices.Insert(header, 2, contentHeader(wide)...)
	}
	t := table{header: header, names: 1, whole: wide}
	for _, img := range inv.Images {
		t.rows = append(t.rows, sizedRow(img, wide, withSizes))
	}
	if compared(inv) {
		t.rows, t.names = withChanges(t.rows, inv, wide), 2
		t.header = append([]string{"CHANGE"}, header...)
	}
	if noHeaders {
		t.header = nil
	}
	return t.print(out)
}

// sizedRow is the row of an image, with its size if the table has sizes.
func sizedRow(img images.Image, wide, withSizes bool) []string {
	cells := row(img, wide)
	if withSizes {
		cells = slices.Insert(cells, 2, contentCells(img.Content, wide)...)
	}
	return cells
}

func row(img images.Image, wide bool) []string {
	var sources, components, clusters []string
	for _, reason := range img.Reasons {
		sources = append(sources, reason.Source)
		components = append(components, reason.Component)
		clusters = append(clusters, reason.Cluster)
	}
	conditions := img.Conditions()
	if wide {
		return []string{
			img.Ref.String(), all(sources), string(img.Kind), orNone(img.Upstream), orNone(img.Digest),
			all(clusters), all(conditions), all(components),
		}
	}
	return []string{shortRef(img.Ref), all(sources), first(components), first(conditions)}
}

// shortRef writes a reference with the beginning of its digest, which is enough to distinguish
// images. The other formats have the complete digest.
func shortRef(ref images.Ref) string {
	const shown = len("sha256:") + 12
	text := ref.String()
	if len(ref.Digest) > shown {
		text = strings.TrimSuffix(text, ref.Digest[shown:]) + "…"
	}
	return text
}

// all joins the texts, each once.
func all(texts []string) string { return orNone(strings.Join(set(texts), ",")) }

// first returns the first of the texts and the number of the others.
func first(texts []string) string {
	texts = set(texts)
	if len(texts) < 2 {
		return orNone(strings.Join(texts, ""))
	}
	return fmt.Sprintf("%s +%d", texts[0], len(texts)-1)
}

func set(texts []string) []string {
	texts = slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == "" })
	slices.Sort(texts)
	return slices.Compact(texts)
}

func orNone(text string) string { return cmp.Or(text, "-") }

// Reasons prints each image with all its reasons, and with the change in a comparison with an older
// list.
func Reasons(out io.Writer, inv images.Inventory) {
	for i, img := range slices.Concat(inv.Images, gone(inv)) {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprint(out, img.Ref)
		if img.Change != "" {
			fmt.Fprintf(out, " (%s)", img.Change)
		}
		fmt.Fprintln(out)
		if img.Digest != "" && img.Ref.Digest == "" {
			fmt.Fprintf(out, "  %s\n", img.Digest)
		}
		contentLines(out, img.Content)
		for _, place := range img.Also {
			fmt.Fprintf(out, "  has a second place in the mirror: %s\n", place)
		}
		for _, reason := range img.Reasons {
			fmt.Fprintf(out, "  %s\n", reason)
		}
		if img.Upstream == images.UpstreamMissing {
			fmt.Fprintln(out, "  not listed by kubermatic-installer mirror-images")
		}
	}
}
