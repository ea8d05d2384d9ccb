package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/node"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/relay"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
)

const (
	nodeTimeout  = 2 * time.Minute
	nodeInterval = 100 * time.Millisecond
)

// prepareNodes finds out whether nodes can run, where they are asked for, and starts what nodes need.
func (s *Sandbox) prepareNodes(options *Options) error {
	// The guard removes the directory, in which API servers and registries write: it is released after these have stopped.
	s.onStop(func() { s.release() })
	out, err := relay.Start(filepath.Join(s.Ready.Dir, "relay.log"))
	if err != nil {
		return fmt.Errorf("starting the relay: %w", err)
	}
	s.onStop(out.Stop)
	s.Ready.Relay = ready.Relay{URL: out.URL, Log: filepath.Join(s.Ready.Dir, "relay.log")}
	if options.Programs == "" {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		options.Programs = filepath.Dir(program)
	}
	if options.Node {
		if err := node.Missing(options.Programs); err != nil {
			return fmt.Errorf("no node can run here: %w", err)
		}
	}
	if options.Node || options.Runnable {
		s.workload, err = os.ReadFile(filepath.Join(options.Programs, "workload"))
	}

	return err
}

// startNode has a node join the user cluster. Its process is in a session of its own: it survives whatever kills this one,
// and cleans up.
func (s *Sandbox) startNode(ctx context.Context, options Options) error {
	kubeconfig := s.Ready.Clusters[sample.UserCluster]
	command := exec.Command(filepath.Join(options.Programs, "sandbox-node"), "--dir", filepath.Join(s.Ready.Dir, "node"), "--also-remove", s.Ready.Dir,
		"--kubeconfig", kubeconfig, "--stand-in", s.Ready.Upstream.Host, "--proxy", s.Ready.Relay.URL)
	command.Stderr = options.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := command.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	s.release = func() {
		_ = stdin.Close()
		_ = command.Wait() // its error is on stderr
	}
	reader := bufio.NewReader(stdout)
	s.onStop(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, reader) // ends when nothing of the node is left
	})

	line, err := reader.ReadBytes('\n')
	if err != nil {
		return errors.Join(errors.New("it ended early"), err)
	}
	running := node.Line{}
	if err := json.Unmarshal(line, &running); err != nil {
		return err
	}
	s.Ready.Node = &ready.Node{Cluster: sample.UserCluster, Name: running.Name, Containerd: running.Containerd, Dir: running.Dir}

	return awaitNode(ctx, kubeconfig, running.Name)
}

// awaitNode waits until an API server says that a node is ready.
func awaitNode(ctx context.Context, kubeconfig, name string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, nodeInterval, nodeTimeout, true, func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, nil //nolint:nilerr // the node may not be there yet
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the node to be ready: %w", err)
	}

	return nil
}
