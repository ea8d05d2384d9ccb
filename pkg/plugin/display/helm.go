package display

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// ValuesHeader begins every file with values.
const ValuesHeader = "# release "

// HelmRelease is a Helm release with the values that redirect its images to a mirror.
type HelmRelease struct {
	Name       string // NAMESPACE/NAME
	Cluster    string // "master", or the name of the Seed
	Chart      string // name and version
	Images     int    // references in the release
	Redirected int    // references that the values redirect
	Present    int    // references that already name the mirror
	Values     map[string]any
	Keys       []string // set in the values
	Lists      []string // lists in the values, written whole
	Left       []LeftImage
	Derived    []string // changes other than references, such as "ConfigMap a/b data.c"
}

// LeftImage is a reference that no value redirects.
type LeftImage struct {
	Object    string // such as "Deployment dex/dex"
	Path      string // in the object
	Reference string
	Reason    string
}

// HelmReleases prints a row for each release, followed by the remarks about the release. A wide
// table is not shortened to the width of a terminal.
func HelmReleases(out io.Writer, releases []HelmRelease, wide bool) error {
	rows := [][]string{{"RELEASE", "CLUSTER", "CHART", "REDIRECTED", "KEYS"}}
	for _, r := range releases {
		row := []string{r.Name, r.Cluster, r.Chart, r.share(), cmp.Or(strings.Join(r.Keys, ", "), "none")}
		for i := range row {
			row[i] = oneLine(row[i])
		}
		rows = append(rows, row)
	}
	if width := terminal.Width(out); width > 0 && !wide {
		rows = fit(rows, 0, width)
	}
	var text bytes.Buffer
	if err := (table{rows: rows}).print(&text); err != nil {
		return err
	}
	lines := strings.SplitAfter(text.String(), "\n")
	fmt.Fprint(out, lines[0])
	for i, r := range releases {
		fmt.Fprint(out, lines[i+1])
		for _, remark := range r.Remarks() {
			fmt.Fprintln(out, "    "+remark)
		}
	}
	return nil
}

// share is the number of references that the values redirect, of all references.
func (r HelmRelease) share() string {
	text := fmt.Sprintf("%d/%d", r.Redirected, r.Images)
	if r.Present > 0 {
		text += fmt.Sprintf(" (%d already)", r.Present)
	}
	return text
}

// Remarks are lines about images that are not redirected, and about side effects of the values.
func (r HelmRelease) Remarks() []string {
	var lines []string
	for _, left := range r.Left {
		lines = append(lines, fmt.Sprintf("not redirected: %s, %s: %s (%s)", left.Object, left.Path, left.Reference, left.Reason))
	}
	for _, list := range r.Lists {
		lines = append(lines, fmt.Sprintf("%s: the whole list is written, because Helm replaces lists", list))
	}
	for _, change := range r.Derived {
		lines = append(lines, "changes with the images: "+change)
	}
	for i := range lines {
		lines[i] = oneLine(lines[i])
	}
	return lines
}

// Values prints a YAML document with values for each release.
func Values(out io.Writer, mirror string, releases []HelmRelease) error {
	for i, r := range releases {
		if i > 0 {
			fmt.Fprintln(out, "---")
		}
		data, err := ValuesFile(mirror, r)
		if err != nil {
			return err
		}
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// ValuesFile returns the values of a release as YAML, below comments that describe the values.
func ValuesFile(mirror string, r HelmRelease) ([]byte, error) {
	values, err := valuesText(r.Values)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	text.WriteString(ValuesHeader + oneLine(fmt.Sprintf("%s on %s, chart %s: %s images from %s", r.Name, images.ClusterName(r.Cluster), r.Chart, r.share(), mirror)) + "\n")
	for _, remark := range r.Remarks() {
		text.WriteString("# " + remark + "\n")
	}
	return append([]byte(terminal.Escape(text.String())), values...), nil
}

// StackFile returns the values of all charts of a stack of kubermatic-installer as YAML.
func StackFile(mirror string, values map[string]any) ([]byte, error) {
	text, err := valuesText(values)
	header := ValuesHeader + oneLine("values for kubermatic-installer: those of --helm-values, and those that let images come from "+mirror) + "\n"
	return append([]byte(terminal.Escape(header)), text...), err
}

func valuesText(values map[string]any) ([]byte, error) {
	document, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	return terminal.YAML(document)
}

// oneLine replaces control characters and line separators with spaces: a text of others must
// not end a comment of YAML or a row of a table.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}
