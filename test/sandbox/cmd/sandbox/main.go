// Command sandbox starts API servers with a sample KKP and container registries on loopback, prints how to reach them as
// one line of JSON, and takes everything away again when it is told to stop.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/registry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills

	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// run returns after the context has ended and everything has stopped.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	options := sandbox.Options{Stderr: stderr}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&options.Generation, "generation", "", "the minor `version` of the sample's KKP, 2.28, 2.30 or 2.31 (the default)")
	flags.StringVar(&options.CRDs, "crds", "", "take definitions from the *.yaml files in this `directory` in place of the sample's own")
	flags.StringVar(&options.Images, "images", "", "fill the upstream registry with the images named in this `file`, one per line")
	flags.StringVar(&options.ListImages, "list-images", "", "fill it with the images that this shell `command` prints; it runs with KUBECONFIG set")
	flags.StringVar(&options.Programs, "programs", "", "the `directory` with the programs of nodes, which build.sh builds; that of this program if not given")
	flags.BoolVar(&options.Empty, "empty", false, "start one API server with KKP's definitions and without a KKP installation, for a first installation")
	flags.BoolVar(&options.Runnable, "runnable", false, "fill the upstream registry with images that nodes can run")
	flags.BoolVar(&options.Node, "node", false, "have a node join the user cluster that has an API server of its own; needs Linux and root, and implies --runnable")
	only := flags.String("registry", "", "start nothing but one registry, with its files in this `directory`")
	flags.IntVar(&options.Clusters, "clusters", 0, "the `number` of user clusters that there are in addition to the sample's")
	flags.DurationVar(&options.Latency, "api-latency", 0, "the `time` that the API servers wait before they answer the plugin, such as 20ms")
	stopOnEOF := flags.Bool("stop-on-stdin-eof", false, "stop when standard input ends, so that the sandbox does not outlive its parent")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if *stopOnEOF {
		go func() {
			_, err := io.Copy(io.Discard, stdin)
			cancel(errors.Join(errors.New("standard input ended"), err))
		}()
	}

	if *only != "" {
		return serveRegistry(ctx, *only, stdout)
	}
	running, err := sandbox.Start(ctx, options)
	if err != nil {
		return err
	}
	err = json.NewEncoder(stdout).Encode(running.Ready)
	if err == nil {
		<-ctx.Done()
	}

	return errors.Join(err, running.Stop())
}

// serveRegistry runs a registry that speaks HTTP and lets everyone in. It prints its host as a line of JSON.
func serveRegistry(ctx context.Context, dir string, stdout io.Writer) error {
	plain, err := registry.Plain(dir) //nolint:contextcheck // the registry lives until Stop
	if err != nil {
		return err
	}
	defer plain.Stop()
	if err := json.NewEncoder(stdout).Encode(map[string]string{"host": plain.Host}); err != nil {
		return err
	}
	<-ctx.Done()

	return nil
}
