// Command catalog rebuilds what pkg/images/catalog/data says of one KKP
// release and edition, from dry runs of that release's kubermatic-installer:
//
//	go run ./hack/catalog -installer PATH -release v2.31.1 -edition ce [-write]
//
// It prints what changed; with -write it merges the changes into the minor's
// file. Run it once per edition, each with that edition's installer, which
// wants Helm 3 in its PATH (it asks for the version) but no network.
//
// The installer's log does not tell which applications there are. They come
// from lists of what each release ships, applications-RELEASE-EDITION.json, and
// replace those of all releases of the minor that the directory has lists of:
//
//	go run ./hack/catalog -applications DIR -release v2.31.1
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
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
	installer, release, edition, dir string
	// applications is the directory with lists of applications.
	applications string
	// providers and minors are those to run filters for; empty: as known.
	providers, minors []string
	// ignore are the prefixes of images that are no component's.
	ignore []string
	write  bool
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
	if opts.applications != "" {
		if err := mergeApplications(target.file, opts.applications); err != nil {
			return err
		}
		return target.save()
	}
	seen, err := collect(ctx, opts, target.release().Providers)
	if err != nil {
		return err
	}
	if err := target.merge(seen).print(stdout); err != nil {
		return err
	}
	if !opts.write {
		return nil
	}
	return target.save()
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	var opts options
	var providers, minors, ignore string
	flags := flag.NewFlagSet("catalog", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.installer, "installer", "", "path of the release's kubermatic-installer")
	flags.StringVar(&opts.applications, "applications", "", "directory with applications-RELEASE-EDITION.json to take the minor's applications from")
	flags.StringVar(&opts.release, "release", "", "the KKP release, e.g. v2.31.1")
	flags.StringVar(&opts.edition, "edition", "ce", "ce or ee")
	flags.StringVar(&opts.dir, "data", "pkg/images/catalog/data", "directory of the catalog's data")
	flags.StringVar(&providers, "providers", "", "every provider of the release, comma-separated (default: as in the catalog)")
	flags.StringVar(&minors, "versions", "", "every Kubernetes minor of the release, comma-separated (default: found by the first run)")
	flags.StringVar(&ignore, "ignore", "", "prefixes of images that belong to no component, comma-separated")
	flags.BoolVar(&opts.write, "write", false, "merge the changes into the data")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	opts.providers, opts.minors, opts.ignore = list(providers), list(minors), list(ignore)
	switch {
	case (opts.installer == "") == (opts.applications == "") || opts.release == "":
		return opts, fmt.Errorf("-release and one of -installer and -applications are required")
	case opts.edition != "ce" && opts.edition != "ee":
		return opts, fmt.Errorf("-edition must be ce or ee, not %q", opts.edition)
	}
	return opts, nil
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
