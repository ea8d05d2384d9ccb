package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// shownReleases converts the releases for display.
func (f helmReleases) shownReleases() []display.HelmRelease {
	var shown []display.HelmRelease
	for _, r := range f.releases {
		shown = append(shown, shownRelease(r))
	}
	return shown
}

func shownRelease(r installed.Redirected) display.HelmRelease {
	shown := display.HelmRelease{
		Name: r.ID(), Cluster: r.Cluster(), Chart: r.ChartName + " " + r.ChartVersion,
		Images: len(r.Images), Redirected: r.Count(redirect.Redirected), Present: r.Count(redirect.Present),
		Values: r.Values, Keys: r.Keys, Lists: r.Lists,
	}
	for _, image := range r.Images {
		if image.State == redirect.Left {
			shown.Left = append(shown.Left, display.LeftImage{Object: image.Object, Path: image.Path, Reference: image.Reference, Reason: image.Reason})
		}
	}
	for _, change := range r.Derived {
		shown.Derived = append(shown.Derived, change.String())
	}
	return shown
}

// writeFiles writes a file for each release that needs values, and prints the commands that
// use the files.
func (o patchHelmOptions) writeFiles(found helmReleases) error {
	directory, err := ownDirectory(o.directory)
	if err != nil {
		return fmt.Errorf("--output-dir: %w", err)
	}
	defer directory.Close()
	for _, r := range found.releases {
		if err := o.writeFile(directory, r); err != nil {
			return err
		}
	}
	if o.planned {
		return o.writeStacks(directory, found.releases)
	}
	fmt.Fprintln(o.streams.ErrOut, "note: kubermatic-installer upgrades releases with the values of its own --helm-values file; add these values to that file before the installer runs again")
	return nil
}

// writeStacks writes a file for each stack of kubermatic-installer, which takes one file with
// values for all charts of a stack.
func (o patchHelmOptions) writeStacks(directory *os.Root, planned []installed.Redirected) error {
	for _, stack := range installed.Stacks(planned) {
		name := "installer-" + stack.Name + ".yaml"
		if len(stack.Conflicts) > 0 {
			fmt.Fprintf(o.streams.ErrOut, "warning: %s is not written: two charts need different values for %s. Install the charts with the commands of helm\n",
				filepath.Join(o.directory, name), strings.Join(stack.Conflicts, ", "))
			continue
		}
		data, err := display.StackFile(o.target.String(), stack.Values)
		if err == nil {
			err = writeOwn(directory, name, data)
		}
		if err != nil {
			return fmt.Errorf("--output-dir: %w", err)
		}
		fmt.Fprintf(o.streams.ErrOut, "note: %s has the values of all charts, and yours, for kubermatic-installer: %s\n", filepath.Join(o.directory, name), stackNames(stack.Name))
	}
	return nil
}

// stackNames are the arguments of kubermatic-installer for a file.
func stackNames(stack string) string {
	if stack == "kubermatic" {
		return "deploy kubermatic-master, and deploy kubermatic-seed"
	}
	return "deploy " + stack
}

// writeFile writes the file for one release, and prints the command that uses the file.
func (o patchHelmOptions) writeFile(directory *os.Root, r installed.Redirected) error {
	shown := shownRelease(r)
	for _, line := range shown.Remarks() {
		fmt.Fprintf(o.streams.ErrOut, "%s: %s\n", r.ID(), line)
	}
	if len(r.Keys) == 0 {
		fmt.Fprintf(o.streams.ErrOut, "%s: no values redirect images\n", r.ID())
		return nil
	}
	data, err := display.ValuesFile(o.target.String(), shown)
	if err == nil {
		err = writeOwn(directory, valuesName(r), data)
	}
	if err != nil {
		return fmt.Errorf("--output-dir: %w", err)
	}
	if r.Seed != nil {
		fmt.Fprintf(o.streams.Out, "# with the kubeconfig of Seed %s\n", r.Seed.Name)
	}
	fmt.Fprintln(o.streams.Out, o.command(r))
	return nil
}

// command uses the file with the values of a release.
func (o patchHelmOptions) command(r installed.Redirected) string {
	file := filepath.Join(o.directory, valuesName(r))
	if !o.planned {
		return display.ShellCommand("helm", "upgrade", r.Name, chartArgument(r), "--namespace", r.Namespace, "--reset-then-reuse-values", "-f", file)
	}
	arguments := []string{"helm", "install", r.Name, chartArgument(r), "--namespace", r.Namespace, "--create-namespace"}
	for _, values := range append(slices.Clone(o.charts.Values), file) {
		arguments = append(arguments, "-f", values)
	}
	return display.ShellCommand(arguments...)
}

// ownDirectory opens a directory, and creates the directory first if necessary. An os.Root follows
// no name or link that leaves the directory.
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

// valuesName is the file name NAMESPACE-NAME.yaml; the name of the Seed comes first for a release on a Seed.
func valuesName(r installed.Redirected) string {
	name := r.Namespace + "-" + r.Name + ".yaml"
	if r.Seed != nil {
		name = r.Seed.Name + "-" + name
	}
	return name
}

// writeOwn writes a file that only its owner can read, because values may contain credentials.
// An existing file is overwritten only if this command wrote the file.
func writeOwn(directory *os.Root, name string, data []byte) error {
	present, err := directory.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		defer present.Close()
		start := make([]byte, len(display.ValuesHeader))
		if _, err := io.ReadFull(present, start); err != nil || string(start) != display.ValuesHeader {
			return fmt.Errorf("%s exists and was not written by this command; move the file away, or choose another directory", filepath.Join(directory.Name(), name))
		}
	}
	file, err := directory.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Chmod(0o600); err != nil { // earlier versions wrote files that everybody can read
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	return file.Close()
}
