// Package sandbox starts the real parts that the plugin is tried on: Kubernetes API servers with a sample KKP in them,
// and container registries. It puts the parts together; what each is lives in a package of its own.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/apiserver"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
)

// Options says what to start. The zero value starts everything, with an empty upstream registry.
type Options struct {
	// Generation is the minor version of the KKP in the sample, such as "2.28". Empty is the newest that there is.
	Generation string
	// CRDs is a directory with files of definitions that take the place of the sample's own.
	CRDs string
	// ListImages is a shell command that prints the references to fill the upstream registry with. It runs with
	// KUBECONFIG set to the master's kubeconfig.
	ListImages string
	// Images is a file with such references, one per line.
	Images string
	// Programs is the directory with the programs of nodes; empty is that of the sandbox.
	Programs string
	// Runnable is whether the images of the upstream registry can run.
	Runnable bool
	// Empty is whether KKP is not installed yet: there is one API server, with KKP's definitions and no objects of KKP. The
	// charts of KKP's applications are in the upstream registry.
	Empty bool
	// Clusters is how many more user clusters there are, each with what the plugin reads of it.
	Clusters int
	// Latency is how long the API servers wait before they answer the plugin.
	Latency time.Duration
	// Node is whether a node joins the user cluster that has an API server of its own. It implies Runnable.
	Node bool
	// Stderr gets what the command writes to standard error.
	Stderr io.Writer
}

// Sandbox is everything that was started.
type Sandbox struct {
	// Ready says how to reach it.
	Ready ready.Line

	sample       sample.Sample
	servers      []*apiserver.Server
	requests     *apiserver.Requests
	upstreamRoot string   // the storage of the upstream registry
	workload     []byte   // the program in its images, or nil
	stops        []func() // in the order of starting
	release      func()   // releases the guard of the node, and waits for its end
}

// Start starts everything in a new temporary directory. When it returns an error, nothing is left. As the API servers use
// global variables, a process can have one sandbox only.
func Start(ctx context.Context, options Options) (*Sandbox, error) {
	installation, err := sample.New(cmp.Or(options.Generation, sample.Releases()[0].Minor()), options.CRDs)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "kkp-sandbox-")
	if err != nil {
		return nil, err
	}
	sandbox := &Sandbox{sample: installation, release: func() {}, Ready: ready.Line{
		Dir:        dir,
		Version:    installation.Release.Version,
		Seeds:      map[string]string{},
		Clusters:   map[string]string{},
		Users:      map[string]string{},
		Registries: map[string]ready.Registry{},
		Unservable: []string{},
	}}
	if err := sandbox.start(ctx, options); err != nil {
		return nil, errors.Join(err, sandbox.Stop())
	}

	return sandbox, nil
}

func (s *Sandbox) start(ctx context.Context, options Options) error {
	if options.Empty && options.Clusters > 0 {
		return errors.New("without an installation, there are no user clusters")
	}
	if options.Empty && options.Node {
		return errors.New("without an installation, there is no user cluster for a node to join")
	}
	if err := s.redirectLogs(); err != nil {
		return err
	}
	if err := s.prepareNodes(&options); err != nil {
		return err
	}
	if err := s.startRegistries(); err != nil {
		return fmt.Errorf("starting the registries: %w", err)
	}
	if err := s.logRequests(options.Latency); err != nil {
		return err
	}
	if err := s.startClusters(ctx, options); err != nil {
		return err
	}
	if options.Node {
		if err := s.startNode(ctx, options); err != nil {
			return fmt.Errorf("starting the node: %w", err)
		}
	}
	if err := s.fillUpstream(ctx, options); err != nil {
		return fmt.Errorf("filling the upstream registry: %w", err)
	}

	return nil
}

// Stop ends everything, last started first, and removes all files.
func (s *Sandbox) Stop() error {
	for _, stop := range slices.Backward(s.stops) {
		stop()
	}
	s.stops = nil

	return os.RemoveAll(s.Ready.Dir)
}

// onStop registers what Stop is to end.
func (s *Sandbox) onStop(stop func()) {
	s.stops = append(s.stops, stop)
}

// write stores a file for the user of the sandbox and returns its path.
func (s *Sandbox) write(name string, content []byte) (string, error) {
	path := filepath.Join(s.Ready.Dir, name)
	return path, os.WriteFile(path, content, 0o600)
}
