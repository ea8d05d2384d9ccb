// Package harness gives tests and the demo access to the sandbox: it starts and stops the
// sandbox program, and compares images with a registry client of its own.
package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// patience is the maximum time for the start and for the stop of the sandbox. Hundreds of user
// clusters take minutes.
const patience = 10 * time.Minute

// Sandbox is a running sandbox: real API servers with a sample installation, and
// registries.
type Sandbox struct {
	Kubeconfig   string              `json:"kubeconfig"` // of the master
	Seeds        map[string]string   `json:"seeds"`      // kubeconfig by name
	Clusters     map[string]string   `json:"clusters"`   // kubeconfig by name, of user clusters with an API server of their own
	Users        map[string]string   `json:"users"`      // kubeconfig by name
	Registries   map[string]Registry `json:"registries"` // by kind: plain, tls, basic, token, memory
	Upstream     Upstream            `json:"upstream"`
	DockerConfig string              `json:"dockerConfig"` // a directory
	Relay        Relay               `json:"relay"`
	Requests     string              `json:"requests"` // a file with a line for each request of the plugin to an API server

	cmd   *exec.Cmd
	stdin io.Closer
}

// Registry is an empty registry.
type Registry struct {
	Host   string `json:"host"`
	CAFile string `json:"caFile"` // "" if the registry needs no CA of its own

	Username string `json:"username"` // "" if the registry needs no login
	Password string `json:"password"`
}

// Upstream is the registry that replaces all public registries.
type Upstream struct {
	Host        string `json:"host"`
	RegistryMap string `json:"registryMap"` // value of --registry-map for this registry
}

// Relay is the only way out of nodes, and lets nobody out.
type Relay struct {
	URL string `json:"url"`
	Log string `json:"log"` // a file with a line for each request, such as "CONNECT quay.io:443"
}

// Start starts the sandbox program. listImages is a shell command that prints the
// references that the upstream registry must have. log receives the sandbox's messages.
// args are additional arguments of the program.
func Start(ctx context.Context, program, listImages string, log io.Writer, args ...string) (*Sandbox, error) {
	cmd := exec.Command(program, append([]string{"--stop-on-stdin-eof", "--list-images", listImages}, args...)...)
	cmd.Stderr = log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &Sandbox{cmd: cmd, stdin: stdin}
	if err := s.await(ctx, stdout); err != nil {
		return nil, fmt.Errorf("the sandbox did not start: %w", errors.Join(err, s.Stop()))
	}
	return s, nil
}

// await reads the line that the sandbox prints when it is ready.
func (s *Sandbox) await(ctx context.Context, stdout io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ready := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(stdout).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, s)
		}
		ready <- err
	}()
	select {
	case err := <-ready:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop stops the sandbox, which then removes its files and processes.
func (s *Sandbox) Stop() error {
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.stdin.Close() // the sandbox stops at the end of its input, also if closing fails because it has exited
	return s.cmd.Wait()
}

// Environment returns the variables that commands need to use the sandbox, as NAME=VALUE.
func (s *Sandbox) Environment() []string {
	return []string{
		"KUBECONFIG=" + s.Kubeconfig,
		"RESTRICTED=" + s.Users["restricted"],
		"APPLICATIONS=" + s.Users["applications"],
		"MINIO=" + s.Users["minio"],
		"FRANKFURT=" + s.Seeds["frankfurt"],
		"SHOP=" + s.Clusters["kd7x2mq4nz"],
		"RELAY_LOG=" + s.Relay.Log,
		"API_LOG=" + s.Requests,
		"UPSTREAM=" + s.Upstream.Host,
		"MAP=" + s.Upstream.RegistryMap,
		"DOCKER_CONFIG=" + s.DockerConfig,
		"PLAIN=" + s.Registries["plain"].Host,
		"TLS=" + s.Registries["tls"].Host,
		"CA=" + s.Registries["tls"].CAFile,
		"BASIC=" + s.Registries["basic"].Host,
		"TOKEN=" + s.Registries["token"].Host,
	}
}
