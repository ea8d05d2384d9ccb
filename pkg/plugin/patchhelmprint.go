package plugin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// valuesHeader begins every file with values that the command has written.
const valuesHeader = "# release "

// printTable prints a line for each release, followed by the images that are not redirected.
func (o patchHelmOptions) printTable(found helmReleases) error {
	var table bytes.Buffer
	w := printers.GetNewTabWriter(&table)
	fmt.Fprintln(w, "RELEASE\tCLUSTER\tCHART\tREDIRECTED\tKEYS")
	for _, r := range found.releases {
		fmt.Fprintf(w, "%s\t%s\t%s %s\t%s\t%s\n", r.ID(), r.Cluster(), r.ChartName, r.ChartVersion, share(r.Redirection),
			cmp.Or(strings.Join(r.Keys, ", "), "none"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	lines := strings.SplitAfter(table.String(), "\n")
	fmt.Fprint(o.streams.Out, lines[0])
	for i, r := range found.releases {
		fmt.Fprint(o.streams.Out, lines[i+1])
		for _, line := range remarks(r.Redirection) {
			fmt.Fprintln(o.streams.Out, "    "+line)
		}
	}
	return nil
}

// share is how many of a release's references come from the mirror.
func share(r redirect.Redirection) string {
	text := fmt.Sprintf("%d/%d", r.Count(redirect.Redirected), len(r.Images))
	if present := r.Count(redirect.Present); present > 0 {
		text += fmt.Sprintf(" (%d already)", present)
	}
	return text
}

// remarks are what people should know about a redirection.
func remarks(r redirect.Redirection) []string {
	var lines []string
	for _, image := range r.Images {
		if image.State == redirect.Left {
			lines = append(lines, fmt.Sprintf("not redirected: %s, %s: %s (%s)", image.Object, image.Path, image.Reference, image.Reason))
		}
	}
	for _, list := range r.Lists {
		lines = append(lines, fmt.Sprintf("%s: the whole list is written, because Helm replaces lists", list))
	}
	for _, change := range r.Derived {
		lines = append(lines, "changes with the images: "+change.String())
	}
	return lines
}

// printValues prints a document with values for each release.
func (o patchHelmOptions) printValues(found helmReleases) error {
	for i, r := range found.releases {
		if i > 0 {
			fmt.Fprintln(o.streams.Out, "---")
		}
		data, err := valuesFile(o.target, r)
		if err != nil {
			return err
		}
		if _, err := o.streams.Out.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// valuesFile is a document with values, below a comment that describes them.
func valuesFile(target images.Target, r installed.Redirected) ([]byte, error) {
	document, err := json.Marshal(r.Values)
	if err != nil {
		return nil, err
	}
	values, err := terminal.YAML(document)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s%s on %s, chart %s %s: %s images from %s\n", valuesHeader, r.ID(), r.Cluster(), r.ChartName, r.ChartVersion, share(r.Redirection), target)
	for _, line := range remarks(r.Redirection) {
		fmt.Fprintf(&text, "# %s\n", oneLine(line))
	}
	return append([]byte(terminal.Escape(text.String())), values...), nil
}

// oneLine keeps a text that others wrote from ending a comment in YAML.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}

// writeFiles writes a file for each release that needs values, and prints the commands that
// use them.
func (o patchHelmOptions) writeFiles(found helmReleases) error {
	directory, err := ownDirectory(o.directory)
	if err != nil {
		return fmt.Errorf("--output-dir: %w", err)
	}
	defer directory.Close()
	for _, r := range found.releases {
		for _, line := range remarks(r.Redirection) {
			fmt.Fprintf(o.streams.ErrOut, "%s: %s\n", r.ID(), line)
		}
		if len(r.Keys) == 0 {
			fmt.Fprintf(o.streams.ErrOut, "%s: no values redirect images\n", r.ID())
			continue
		}
		data, err := valuesFile(o.target, r)
		if err == nil {
			err = writeOwn(directory, valuesName(r), data)
		}
		if err != nil {
			return fmt.Errorf("--output-dir: %w", err)
		}
		if r.Seed != nil {
			fmt.Fprintf(o.streams.Out, "# with the kubeconfig of seed %s\n", r.Seed.Name)
		}
		fmt.Fprintln(o.streams.Out, display.ShellCommand("helm", "upgrade", r.Name, chartArgument(r), "--namespace", r.Namespace,
			"--reset-then-reuse-values", "-f", filepath.Join(o.directory, valuesName(r))))
	}
	fmt.Fprintln(o.streams.ErrOut, "note: kubermatic-installer upgrades releases with the values of its own --helm-values file; add these values to that file before the installer runs again")
	return nil
}

// ownDirectory opens a directory, which is made if need be. Nothing outside of it can be
// written through it, whatever names and links there are.
func ownDirectory(name string) (*os.Root, error) {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return nil, err
	}
	return os.OpenRoot(name)
}

// chartArgument is the chart for a command line: its path, or its name and version.
func chartArgument(r installed.Redirected) string {
	return cmp.Or(r.Path, fmt.Sprintf("<chart %s %s>", r.ChartName, r.ChartVersion))
}

// valuesName is namespace-name.yaml, behind the name of the Seed if there is one.
func valuesName(r installed.Redirected) string {
	name := r.Namespace + "-" + r.Name + ".yaml"
	if r.Seed != nil {
		name = r.Seed.Name + "-" + name
	}
	return name
}

// writeOwn writes a file that only its owner can read, because values may be credentials,
// but not over one that is somebody else's.
func writeOwn(directory *os.Root, name string, data []byte) error {
	there, err := directory.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		defer there.Close()
		start := make([]byte, len(valuesHeader))
		if _, err := io.ReadFull(there, start); err != nil || string(start) != valuesHeader {
			return fmt.Errorf("%s exists and was not written by this command; move the file away, or choose another directory", filepath.Join(directory.Name(), name))
		}
	}
	file, err := directory.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Chmod(0o600); err != nil { // earlier versions let everybody read it
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	return file.Close()
}
