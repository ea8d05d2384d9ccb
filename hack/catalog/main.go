// Command catalog rebuilds what pkg/images/catalog/data says of one KKP
// release and edition, from dry runs of that release's kubermatic-installer and
// from KKP's source:
//
//	go run ./hack/catalog -release v2.31.1 -edition ce -installer PATH -source DIR [-runs DIR] [-write]
//
// It prints what changed; with -write it merges the changes into the minor's
// file, and what the runs listed into the expectations of the catalog's tests.
// Run it once per edition, each with that edition's installer, which wants Helm
// 3 in its PATH (it asks for the version) but no network. The runs take
// minutes: -runs records them, and without -installer reads them again.
//
// The installer's log does not tell which applications there are. They come
// from a checkout of KKP's source at the tag of the release, as does the
// default Kubernetes version.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
}

// options are the validated flags.
type options struct {
	installer, release, edition string
	// runs is the directory of recorded runs, source that of KKP's source.
	runs, source string
	// dir has the catalog's data, expected what its tests expect.
	dir, expected string
	// providers and minors are those to run filters for; empty: as known.
	providers, minors []string
	// ignore are the prefixes of images that are no component's.
	ignore []string
	write  bool
}

// components are the images that are not to be ignored.
func (o options) components(images imageSet) imageSet {
	kept := imageSet{}
	for image := range images {
		if !slices.ContainsFunc(o.ignore, func(prefix string) bool { return strings.HasPrefix(image, prefix) }) {
			kept[image] = true
		}
	}
	return kept
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	target, err := openTarget(opts.dir, opts.release, opts.edition, opts.providers)
	if err != nil {
		return err
	}
	report := &changes{title: opts.release + " " + opts.edition}
	before := target.snapshot()
	var seen *sightings
	if opts.installer != "" || opts.runs != "" {
		if seen, err = collect(ctx, opts, target.release().Providers); err != nil {
			return err
		}
		target.merge(seen, report)
	}
	if err := target.mergeSource(opts.source, report); err != nil {
		return err
	}
	report.compare(before, target.snapshot())
	if err := report.print(stdout); err != nil {
		return err
	}
	if !opts.write {
		return nil
	}
	if err := target.save(); err != nil {
		return err
	}
	return target.saveExpected(opts.expected, seen)
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	var opts options
	var providers, minors, ignore string
	flags := flag.NewFlagSet("catalog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.installer, "installer", "", "path of the release's kubermatic-installer")
	flags.StringVar(&opts.runs, "runs", "", "directory of recorded runs: written with -installer, else read")
	flags.StringVar(&opts.source, "source", "", "checkout of KKP's source at the release's tag, for applications and the default Kubernetes version")
	flags.StringVar(&opts.release, "release", "", "the KKP release, e.g. v2.31.1")
	flags.StringVar(&opts.edition, "edition", "ce", "ce or ee")
	flags.StringVar(&opts.dir, "data", "pkg/images/catalog/data", "directory of the catalog's data")
	flags.StringVar(&opts.expected, "expected", "pkg/images/catalog/testdata", "directory of what the catalog's tests expect")
	flags.StringVar(&providers, "providers", "", "every provider of the release, comma-separated (default: as in the catalog)")
	flags.StringVar(&minors, "versions", "", "every Kubernetes minor of the release, comma-separated (default: found by the first run)")
	flags.StringVar(&ignore, "ignore", "", "prefixes of images that belong to no component, comma-separated")
	flags.BoolVar(&opts.write, "write", false, "merge the changes into the data")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	opts.providers, opts.minors, opts.ignore = list(providers), list(minors), list(ignore)
	switch {
	case opts.installer+opts.runs+opts.source == "" || opts.release == "":
		return opts, fmt.Errorf("-release and one of -installer, -runs and -source are required")
	case opts.edition != "ce" && opts.edition != "ee":
		return opts, fmt.Errorf("-edition must be ce or ee, not %q", opts.edition)
	}
	return opts, nil
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
