package harness

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
)

// NodeOptions say which node to start.
type NodeOptions struct {
	// Kubeconfig leads to the API server that the node joins. It can have one node at a time.
	Kubeconfig string
	// Settings is a file with those of the node's datacenter, as JSON. Without it, the
	// stand-in for all public registries is a mirror of each of them.
	Settings string
	// CAFile has certificates that the node trusts, PullSecret credentials that OSM gives
	// to containerd; both may be empty.
	CAFile, PullSecret string
}

// Node is a real node: a kubelet, containerd and runc. It has no way out but to what is
// on loopback.
type Node struct {
	Name string `json:"name"`
	Dir  string `json:"dir"` // with the logs, and containerd's certs.d

	kubeconfig, parent string
	cmd                *exec.Cmd
	stdin              io.Closer
}

// StartNode has a node join an API server of the sandbox, and returns when it is ready.
// log gets what goes wrong.
func (s *Sandbox) StartNode(ctx context.Context, options NodeOptions, log io.Writer) (*Node, error) {
	parent, err := os.MkdirTemp("", "kkp-node-")
	if err != nil {
		return nil, err
	}
	args := []string{"--dir", filepath.Join(parent, "node"), "--kubeconfig", options.Kubeconfig, "--proxy", s.Relay.URL, "--also-remove", parent}
	for flag, value := range map[string]string{"--settings": options.Settings, "--ca-file": options.CAFile, "--pull-secret": options.PullSecret} {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	if options.Settings == "" {
		args = append(args, "--stand-in", s.Upstream.Host)
	}
	n := &Node{kubeconfig: options.Kubeconfig, parent: parent, cmd: exec.Command(filepath.Join(filepath.Dir(s.cmd.Path), "sandbox-node"), args...)}
	n.cmd.Stderr = log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it cleans up when the test is killed
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the node did not start: %w", err), os.RemoveAll(parent))
	}
	for _, state := range []string{"create", "condition=Ready"} {
		if _, err := kubectl(ctx, n.kubeconfig, nil, "wait", "--for="+state, "node/"+n.Name, "--timeout=60s"); err != nil {
			return nil, errors.Join(err, n.Stop()) //nolint:contextcheck // the node is also stopped when the context has ended
		}
	}
	return n, nil
}

// start starts the program and reads what it says when the node runs.
func (n *Node) start(ctx context.Context) error {
	stdin, err := n.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := n.cmd.Start(); err != nil {
		return err
	}
	n.stdin = stdin
	stop := context.AfterFunc(ctx, func() { _ = stdin.Close() })
	defer stop()
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, n)
	}
	if err != nil {
		_ = stdin.Close()
		return errors.Join(err, n.cmd.Wait())
	}
	return nil
}

// Stop ends the node, and removes it and its pods from the API server: another machine
// may take its place.
func (n *Node) Stop() error {
	_ = n.stdin.Close() // it ends when its input does, also when that failed because it is gone
	failed := errors.Join(n.cmd.Wait(), os.RemoveAll(n.parent))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, args := range [][]string{
		{"delete", "node", n.Name, "--ignore-not-found"},
		{"delete", "pods", "--all-namespaces", "--field-selector", "spec.nodeName=" + n.Name, "--force", "--grace-period=0"},
	} {
		_, err := kubectl(ctx, n.kubeconfig, nil, args...)
		failed = errors.Join(failed, err)
	}
	return failed
}
