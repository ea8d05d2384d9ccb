// Package apiserver runs real Kubernetes API servers in this process, on one etcd. It knows how to start, reach and stop
// them, and not what is stored in them.
package apiserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/pki"
)

const (
	readyTimeout = 60 * time.Second
	stopTimeout  = 10 * time.Second
	pollInterval = 50 * time.Millisecond
)

// Server is a running API server.
type Server struct {
	name      string
	address   string
	authority *pki.Authority
	admin     pki.Pair
	cancel    context.CancelFunc
	ready     atomic.Bool
	ended     chan struct{}
	err       error // why Run returned; to be read after ended is closed
}

// Start starts an API server on a free port; Wait tells when it is ready. Its files live in dir, its objects under its name
// in etcd. Authorization is RBAC; no controllers and no kubelets run. requests gets those of the plugin, and pods are
// those of the user clusters for which the server stands in. Calls must not overlap: they set global variables.
func Start(ctx context.Context, name, dir, etcdURL string, requests *Requests, pods UserPods) (*Server, error) {
	server, err := newServer(name)
	if err != nil {
		return nil, err
	}
	completed, err := server.options(ctx, dir, etcdURL)
	if err != nil {
		return nil, fmt.Errorf("configuring the API server %s: %w", name, err)
	}
	prepared, err := prepare(*completed, name, requests, pods)
	if err != nil {
		return nil, fmt.Errorf("preparing the API server %s: %w", name, errors.Join(err, completed.SecureServing.Listener.Close()))
	}

	// The server outlives the context of its start.
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server.cancel = cancel
	go func() {
		defer close(server.ended)
		server.err = prepared.Run(runCtx)
	}()

	return server, nil
}

// runner is an API server that is ready to run.
type runner interface {
	Run(ctx context.Context) error
}

func prepare(completed options.CompletedOptions, name string, requests *Requests, pods UserPods) (runner, error) {
	config, err := app.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	requests.watch(name, pods, &config.Aggregator.GenericConfig.Config)
	completedConfig, err := config.Complete()
	if err != nil {
		return nil, err
	}
	chain, err := app.CreateServerChain(completedConfig)
	if err != nil {
		return nil, err
	}

	return chain.PrepareRun()
}

func newServer(name string) (*Server, error) {
	authority, err := pki.NewAuthority(name)
	if err != nil {
		return nil, err
	}
	admin, err := authority.User("admin", "system:masters")
	if err != nil {
		return nil, err
	}

	return &Server{name: name, authority: authority, admin: admin, ended: make(chan struct{})}, nil
}

// options returns the server's complete options and opens its port, so that nobody can take it in between.
func (s *Server) options(ctx context.Context, dir, etcdURL string) (*options.CompletedOptions, error) {
	files, err := s.writeFiles(dir)
	if err != nil {
		return nil, err
	}

	run := options.NewServerRunOptions()
	flags := pflag.NewFlagSet(s.name, pflag.ContinueOnError)
	for _, set := range run.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(s.flags(files, etcdURL)); err != nil {
		return nil, err
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = listener.Addr().String()
	run.SecureServing.Listener = listener
	run.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port

	completed, err := run.Complete(ctx)
	if err == nil {
		err = utilerrors.NewAggregate(completed.Validate())
	}
	if err != nil {
		return nil, utilerrors.NewAggregate([]error{err, listener.Close()})
	}

	return &completed, nil
}

func (s *Server) flags(files map[string]string, etcdURL string) []string {
	return []string{
		"--etcd-servers=" + etcdURL,
		"--etcd-prefix=/" + s.name,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--tls-cert-file=" + files["tls.crt"],
		"--tls-private-key-file=" + files["tls.key"],
		"--client-ca-file=" + files["ca.crt"],
		"--service-account-issuer=https://" + s.name + ".sandbox.example",
		"--service-account-signing-key-file=" + files["sa.key"],
		"--service-account-key-file=" + files["sa.key"],
		"--service-cluster-ip-range=10.240.16.0/20",
		"--authorization-mode=RBAC",
		// Nothing creates service accounts, and pods would be refused without one.
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--enable-priority-and-fairness=false",
		"--profiling=false",
	}
}

func (s *Server) writeFiles(dir string) (map[string]string, error) {
	serving, err := s.authority.Server()
	if err != nil {
		return nil, err
	}
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	accountsPEM, err := pki.EncodeKey(accounts)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}

	paths := map[string]string{}
	for name, content := range map[string][]byte{
		"ca.crt": s.authority.PEM, "tls.crt": serving.Certificate, "tls.key": serving.Key, "sa.key": accountsPEM,
	} {
		paths[name] = filepath.Join(dir, name)
		if err := os.WriteFile(paths[name], content, 0o600); err != nil {
			return nil, err
		}
	}

	return paths, nil
}

// Wait returns once the server is ready, or with an error that says why it is not.
func (s *Server) Wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("it was not ready within %s", readyTimeout))
	defer cancel()
	client, err := kubernetes.NewForConfig(s.RESTConfig())
	if err != nil {
		return err
	}

	for {
		_, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil {
			s.ready.Store(true)
			return nil
		}

		select {
		case <-s.ended:
			return fmt.Errorf("the API server %s ended: %w", s.name, s.err)
		case <-ctx.Done():
			log.Printf("API server %s: last answer: %v", s.name, err)
			return fmt.Errorf("waiting for the API server %s: %w", s.name, context.Cause(ctx))
		case <-time.After(pollInterval):
		}
	}
}

// RESTConfig returns the administrator's configuration, without a limit on the request rate.
func (s *Server) RESTConfig() *rest.Config {
	return &rest.Config{
		Host: "https://" + s.address,
		QPS:  -1,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: s.authority.PEM, CertData: s.admin.Certificate, KeyData: s.admin.Key,
		},
	}
}

// StopAll stops several servers at the same time.
func StopAll(servers []*Server) {
	var stopping sync.WaitGroup
	for _, server := range servers {
		stopping.Go(server.Stop)
	}
	stopping.Wait()
}

// Stop ends the server and waits for it, for a limited time. A server that is not ready yet takes the end for a fatal
// error, so it is left to end with the process; it writes no files.
func (s *Server) Stop() {
	if !s.ready.Load() {
		return
	}
	s.cancel()
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
	}
}
