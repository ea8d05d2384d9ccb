// Command release builds the files of a release: an archive and an SBOM for each platform, a
// container image, the checksums, the notes and the Krew manifest. It knows how to compile and pack
// the plugin. It must not know what the plugin does. The same commit, version and Go release give the same bytes on every machine.
//
// It runs in the root of the module.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, talk io.Writer) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(talk)
	version := flags.String("version", "", "the version to release, such as v1.2.3")
	goCommand := flags.String("go", "go", "the go command to build with")
	dir := flags.String("dir", "dist", "the directory to write to; it is emptied first")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := checkVersion(*version); err != nil {
		return err
	}
	modified, err := commitTime(ctx, ".")
	if err != nil {
		return err
	}
	return release{
		Version:   *version,
		Go:        *goCommand,
		Root:      ".",
		Dir:       *dir,
		Modified:  modified,
		Platforms: platforms(),
		Talk:      talk,
	}.make(ctx)
}
