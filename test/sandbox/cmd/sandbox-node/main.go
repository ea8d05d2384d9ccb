// Command sandbox-node runs one node of the sandbox until a signal, or until its standard input ends, and leaves nothing of
// the node behind.
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
	"path/filepath"
	"syscall"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox-node:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.WriteCloser, stderr io.Writer) error {
	if len(args) == 2 && args[0] == "init" {
		options := node.Options{}
		if err := json.Unmarshal([]byte(args[1]), &options); err != nil {
			return err
		}
		return node.Init(options, stdin)
	}

	program, err := os.Executable()
	if err != nil {
		return err
	}
	options, err := parse(args, filepath.Dir(program), stderr)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}

	return node.Guard(ctx, program, options, stdin, stdout)
}

func parse(args []string, programs string, stderr io.Writer) (node.Options, error) {
	options := node.Options{Programs: programs}
	flags := flag.NewFlagSet("sandbox-node", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&options.Dir, "dir", "", "the node's `directory`, which must not exist yet")
	flags.StringVar(&options.AlsoRemove, "also-remove", "", "another `directory` to remove when standard input ends, as it does when the sandbox is killed")
	flags.StringVar(&options.Kubeconfig, "kubeconfig", "", "the `file` that leads to the API server which the node joins")
	flags.StringVar(&options.StandIn, "stand-in", "", "the `host` of a registry to ask first, with the real one in the parameter ns")
	flags.StringVar(&options.Proxy, "proxy", "", "the `URL` of the proxy for all that is not on loopback, unless the settings have one")
	flags.StringVar(&options.CAFile, "ca-file", "", "a `file` with certificates to trust; without, the machine's are")
	flags.StringVar(&options.PullSecret, "pull-secret", "", "a `file` with the credentials, a Docker configuration, that OSM gives to containerd")
	settings := flags.String("settings", "", "a `file` with the settings of the datacenter (spec.datacenters.NAME.node of a Seed) as JSON")
	if err := flags.Parse(args); err != nil {
		return options, err
	}
	if options.Dir == "" || options.Kubeconfig == "" || flags.NArg() > 0 {
		return options, errors.New("--dir and --kubeconfig are needed, and no arguments")
	}
	if *settings == "" {
		return options, nil
	}
	content, err := os.ReadFile(*settings)
	if err == nil {
		err = json.Unmarshal(content, &options.Settings)
	}
	if err != nil {
		return options, fmt.Errorf("reading the settings: %w", err)
	}

	return options, nil
}
