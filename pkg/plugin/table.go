package plugin

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
)

// printTable prints a row for each image.
func printTable(out io.Writer, inv images.Inventory, output *outputFlags) error {
	if output.format() == formatName {
		for _, img := range inv.Images {
			fmt.Fprintln(out, img.Ref)
		}
		return nil
	}
	wide := output.format() == formatWide
	header := []string{"IMAGE", "SOURCE", "COMPONENT", "CONDITION"}
	if wide {
		header = []string{"IMAGE", "SOURCE", "KIND", "UPSTREAM", "DIGEST", "CLUSTER", "CONDITION", "COMPONENT"} // the longest last
	}
	w := printers.GetNewTabWriter(out)
	if !output.noHeaders {
		fmt.Fprintln(w, strings.Join(header, "\t"))
	}
	for _, img := range inv.Images {
		fmt.Fprintln(w, strings.Join(row(img, wide), "\t"))
	}
	return w.Flush()
}

func row(img images.Image, wide bool) []string {
	var sources, components, clusters []string
	for _, reason := range img.Reasons {
		sources = append(sources, reason.Source)
		components = append(components, reason.Component)
		clusters = append(clusters, reason.Cluster)
	}
	conditions := conditionsOf(img.Reasons)
	if wide {
		return []string{
			img.Ref.String(), all(sources), string(img.Kind), orNone(img.Upstream), orNone(img.Digest),
			all(clusters), all(conditions), all(components),
		}
	}
	return []string{shortRef(img.Ref), all(sources), first(components), first(conditions)}
}

// shortRef writes a reference with the beginning of its digest, which is enough to tell
// images apart. The other formats have it whole.
func shortRef(ref images.Ref) string {
	const shown = len("sha256:") + 12
	text := ref.String()
	if len(ref.Digest) > shown {
		text = strings.TrimSuffix(text, ref.Digest[shown:]) + "…"
	}
	return text
}

// conditionsOf returns the conditions under which an image is needed, none if one of its
// reasons is unconditional. That it runs now is no condition.
func conditionsOf(reasons []images.Reason) []string {
	var conditions []string
	for _, reason := range reasons {
		switch {
		case reason.Source == discover.Running:
		case reason.Condition == "":
			return nil
		default:
			conditions = append(conditions, reason.Condition)
		}
	}
	return conditions
}

// all joins the texts, each once.
func all(texts []string) string { return orNone(strings.Join(set(texts), ",")) }

// first is one of the texts and how many others there are.
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

// printReasons prints each image with all its reasons.
func printReasons(out io.Writer, inv images.Inventory) {
	for i, img := range inv.Images {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, img.Ref)
		if img.Digest != "" && img.Ref.Digest == "" {
			fmt.Fprintf(out, "  %s\n", img.Digest)
		}
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

// printSummary says on stderr what the list is for, what was noticed, and what is missing.
// Of its images, a number may be shown.
func printSummary(errOut io.Writer, title string, result discover.Result, shown int) {
	printRemarks(errOut, result.Inventory)
	number := count(len(result.Images), "image")
	if shown != len(result.Images) {
		number = fmt.Sprintf("%d of %s", shown, number)
	}
	fmt.Fprintf(errOut, "%s for %s (%s)\n", number, title, scopeText(result.Scope))
	if len(result.Sources) > 0 {
		fmt.Fprintln(errOut, sourcesText(result.Inventory))
	}
}

// sourcesText says what each source has added, or why it has nothing.
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

// printRemarks says on stderr what was noticed, and what is missing.
func printRemarks(errOut io.Writer, inv images.Inventory) {
	for _, note := range inv.Notes {
		fmt.Fprintln(errOut, "note: "+note)
	}
	for _, gap := range inv.Gaps {
		fmt.Fprintln(errOut, "gap: "+gap.String())
	}
}

// scopeText says for which user clusters the images are.
func scopeText(scope discover.Summary) string {
	providers := "every provider"
	if len(scope.Providers) > 0 {
		providers = strings.Join(scope.Providers, ", ")
	}
	switch n := len(scope.Kubernetes); {
	case n == 0:
		return "no user clusters"
	case n > 6:
		return fmt.Sprintf("%d Kubernetes versions from %s to %s; %s", n, scope.Kubernetes[0], scope.Kubernetes[n-1], providers)
	default:
		return "Kubernetes " + strings.Join(scope.Kubernetes, ", ") + "; " + providers
	}
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
