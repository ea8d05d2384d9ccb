// Command docs writes the command reference: one Markdown page for each command of the plugin. It
// knows cobra's commands and the layout of a page. It must not know what the commands do.
package main

import (
	"flag"
	"fmt"
	"os"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin"
)

func main() {
	dir := flag.String("dir", "docs/reference", "the directory of the pages, which are all that it holds")
	check := flag.Bool("check", false, "only compare the directory with what would be written")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	if err := forgetMachine(); err != nil {
		return err
	}
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	pages, err := reference(plugin.NewCommand(streams))
	if err != nil {
		return err
	}
	if check {
		return compare(dir, pages)
	}
	return write(dir, pages)
}

// forgetMachine removes the settings of this machine from the defaults of flags.
func forgetMachine() error {
	if err := os.Unsetenv("KUBECACHEDIR"); err != nil {
		return err
	}
	return os.Setenv("HOME", "$HOME")
}
