// Package harness lets tests and the demo use the sandbox: it starts the program, reads
// what it says, stops it, and compares images with a client of its own.
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

// patience bounds how long the sandbox may take to start, and to stop.
const patience = 3 * time.Minute

// Sandbox is a sandbox that runs: real API servers with a sample KKP, and registries.
type Sandbox struct {
	Kubeconfig   string              `json:"kubeconfig"` // of the master
	Seeds        map[string]string   `json:"seeds"`      // kubeconfig by name
	Users        map[string]string   `json:"users"`      // kubeconfig by name
	Registries   map[string]Registry `json:"registries"` // by kind: plain, tls, basic, token
	Upstream     Upstream            `json:"upstream"`
	DockerConfig string              `json:"dockerConfig"` // a directory

	cmd   *exec.Cmd
	stdin io.Closer
}

// Registry is an empty registry to copy to.
type Registry struct {
	Host   string `json:"host"`
	CAFile string `json:"caFile"` // "" unless it has a CA of its own
}

// Upstream stands in for all public registries.
type Upstream struct {
	Host        string `json:"host"`
	RegistryMap string `json:"registryMap"` // the value of --registry-map that leads to it
}

// Start starts the sandbox program. listImages is a shell command that prints the
// references which upstream must have. log gets what the sandbox has to say. Further
// arguments are for the program.
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

// Stop ends the sandbox, which then removes everything that it made.
func (s *Sandbox) Stop() error {
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.stdin.Close() // it stops when its input ends, also when that failed because it is gone
	return s.cmd.Wait()
}

// Environment is what commands need to use the sandbox, as NAME=VALUE.
func (s *Sandbox) Environment() []string {
	return []string{
		"KUBECONFIG=" + s.Kubeconfig,
		"RESTRICTED=" + s.Users["restricted"],
		"APPLICATIONS=" + s.Users["applications"],
		"MINIO=" + s.Users["minio"],
		"FRANKFURT=" + s.Seeds["frankfurt"],
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
