package display

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Totals prints the size of all images, and what leaving platforms out saves. Nothing is printed if
// no size is known.
func Totals(out io.Writer, t *images.Totals) {
	if t == nil {
		return
	}
	text := fmt.Sprintf("%s compressed in %s, each blob counted once", Size(t.Bytes), Count(t.Images, "image"))
	if t.Sum > t.Bytes {
		text += fmt.Sprintf(" (%s with shared blobs counted for each image)", Size(t.Sum))
	}
	if t.AllBytes > 0 {
		text += fmt.Sprintf("; all platforms would be %s: --platform saves %s", Size(t.AllBytes), Size(t.AllBytes-t.Bytes))
	}
	fmt.Fprintln(out, text)
}

// sized reports whether the sizes of images were read.
func sized(inv images.Inventory) bool {
	for _, img := range inv.Images {
		if img.Content != nil {
			return true
		}
	}
	return false
}

// contentCells are the size and the date of an image and, if wide, its platforms with their sizes.
func contentCells(c *images.Content, wide bool) []string {
	cells := []string{"-", "-"}
	if wide {
		cells = append(cells, "-")
	}
	if c == nil {
		return cells
	}
	cells[0], cells[1] = Size(c.Bytes), orNone(Date(c.Created))
	if wide {
		cells[2] = orNone(platformSizes(c))
	}
	return cells
}

// platformSizes lists the platforms of an image with their sizes.
func platformSizes(c *images.Content) string {
	var parts []string
	for _, part := range c.Platforms {
		text := images.PlatformName(part.Platform) + "=" + strings.ReplaceAll(Size(part.Bytes), " ", "")
		if part.Left {
			text += " (left out)"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ",")
}

// Date is the day of a time in RFC 3339, or "".
func Date(text string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}

// contentHeader are the names of the columns of contentCells.
func contentHeader(wide bool) []string {
	if wide {
		return []string{"SIZE", "CREATED", "PLATFORMS"}
	}
	return []string{"SIZE", "CREATED"}
}

// contentLines prints what is known of the content of an image, below its name.
func contentLines(out io.Writer, c *images.Content) {
	if c == nil {
		return
	}
	fmt.Fprintf(out, "  %s compressed: %s\n", Size(c.Bytes), platformSizes(c))
	for _, line := range [][2]string{{"created", Date(c.Created)}, {"licenses", c.Licenses}, {"source", c.Origin}} {
		if line[1] != "" {
			fmt.Fprintf(out, "  %s: %s\n", line[0], line[1])
		}
	}
	for _, referrer := range c.Referrers {
		fmt.Fprintf(out, "  %s: %s\n", referrer.Type, referrer.Digest)
	}
}
