package display

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Summary describes a list of images.
type Summary struct {
	Title      string   // of the release
	Kubernetes []string // versions of the user clusters, ascending
	Providers  []string // of the user clusters; empty: every provider
	Inventory  images.Inventory
	Shown      int // how many of the images are shown
}

// Print prints the notes, the gaps, the number of images and the scope of the list.
func (s Summary) Print(errOut io.Writer) {
	Remarks(errOut, s.Inventory)
	number := Count(len(s.Inventory.Images), "image")
	if s.Shown != len(s.Inventory.Images) {
		number = fmt.Sprintf("%d of %s", s.Shown, number)
	}
	fmt.Fprintf(errOut, "%s for %s (%s)\n", number, s.Title, s.scope())
	if len(s.Inventory.Sources) > 0 {
		fmt.Fprintln(errOut, sourcesText(s.Inventory))
	}
}

// sourcesText is the number of images of each source, or the reason for none.
func sourcesText(inv images.Inventory) string {
	var parts []string
	for _, from := range inv.Sources {
		gap := slices.ContainsFunc(inv.Gaps, func(gap images.Gap) bool { return gap.Source == from.Source })
		switch {
		case from.Images > 0 || from.Note == "" && !gap:
			parts = append(parts, fmt.Sprintf("%s %d", from.Source, from.Images))
		case gap:
			parts = append(parts, from.Source+" –: see its gap")
		default:
			parts = append(parts, from.Source+" –: "+from.Note)
		}
	}
	return strings.Join(parts, " · ")
}

// Remarks prints the notes and the gaps of an inventory.
func Remarks(errOut io.Writer, inv images.Inventory) {
	for _, note := range inv.Notes {
		fmt.Fprintln(errOut, "note: "+note)
	}
	for _, gaps := range images.Causes(inv.Gaps) {
		fmt.Fprintln(errOut, "gap: "+images.OneCause(gaps))
	}
}

// scope names the Kubernetes versions and providers of the user clusters.
func (s Summary) scope() string {
	providers := "every provider"
	if len(s.Providers) > 0 {
		providers = strings.Join(s.Providers, ", ")
	}
	switch n := len(s.Kubernetes); {
	case n == 0:
		return "no user clusters"
	case n > 6:
		return fmt.Sprintf("%d Kubernetes versions from %s to %s; %s", n, s.Kubernetes[0], s.Kubernetes[n-1], providers)
	default:
		return "Kubernetes " + strings.Join(s.Kubernetes, ", ") + "; " + providers
	}
}
