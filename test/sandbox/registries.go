package sandbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/releases"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/upstream"
)

const (
	upstreamName = "upstream"
	memoryName   = "memory"
)

// killDelay is how long a cancelled command may take to end before waiting for it is given up.
const killDelay = 2 * time.Second

func (s *Sandbox) startRegistries() error {
	for name, start := range map[string]func(dir string) (*registry.Registry, error){
		"plain": registry.Plain, "tls": registry.TLS, "basic": registry.Basic, "token": registry.Token, upstreamName: registry.StandIn,
	} {
		running, err := start(s.registryDir(name))
		if err != nil {
			return fmt.Errorf("registry %s: %w", name, err)
		}
		s.onStop(running.Stop)

		if name == upstreamName {
			s.upstreamRoot = running.Root
			s.Ready.Upstream = ready.Upstream{Host: running.Host, RegistryMap: "*=" + running.Host + "/{host}"}
			continue
		}
		s.Ready.Registries[name] = ready.Registry{
			Host: running.Host, CAFile: running.CAFile, Username: running.Username, Password: running.Password,
		}
	}

	memory, err := registry.StartMemory()
	if err != nil {
		return fmt.Errorf("registry %s: %w", memoryName, err)
	}
	s.onStop(memory.Stop)
	s.Ready.Registries[memoryName] = ready.Registry{Host: memory.Host}

	return s.writeDockerConfig()
}

func (s *Sandbox) registryDir(name string) string {
	return filepath.Join(s.Ready.Dir, "registry-"+name)
}

// writeDockerConfig stores the credentials where clients of container registries look for them.
func (s *Sandbox) writeDockerConfig() error {
	type entry struct {
		Auth string `json:"auth"`
	}
	auths := map[string]entry{}
	for _, access := range s.Ready.Registries {
		if access.Username != "" {
			credentials := access.Username + ":" + access.Password
			auths[access.Host] = entry{Auth: base64.StdEncoding.EncodeToString([]byte(credentials))}
		}
	}
	content, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		return err
	}

	s.Ready.DockerConfig = filepath.Join(s.Ready.Dir, "docker")
	if err := os.Mkdir(s.Ready.DockerConfig, 0o700); err != nil {
		return err
	}
	_, err = s.write("docker/config.json", content)

	return err
}

// fillUpstream stores stand-ins for the images that the options name.
func (s *Sandbox) fillUpstream(ctx context.Context, options Options) error {
	if err := s.fillAddons(ctx); err != nil {
		return err
	}
	var list []byte
	if options.Images != "" {
		content, err := os.ReadFile(options.Images)
		if err != nil {
			return err
		}
		list = append(content, '\n')
	}
	if options.ListImages != "" {
		content, err := s.listImages(ctx, options)
		if err != nil {
			return err
		}
		list = append(list, content...)
	}

	lines := slices.DeleteFunc(strings.Split(string(list), "\n"), releases.IsChart) // which are there
	references, err := upstream.ReadReferences(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		return err
	}
	result, err := upstream.Fill(ctx, s.upstreamRoot, s.workload, references)
	if err != nil {
		return err
	}
	s.Ready.Images, s.Ready.Unservable = result.Stored, result.Unservable

	return nil
}

// listImages runs the command in a process group of its own, all of which ends with the context.
func (s *Sandbox) listImages(ctx context.Context, options Options) ([]byte, error) {
	command := exec.CommandContext(ctx, "sh", "-c", options.ListImages)
	command.Env = append(os.Environ(), "KUBECONFIG="+s.Ready.Kubeconfig, "MAP="+s.Ready.Upstream.RegistryMap)
	command.Stderr = options.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error {
		return syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	}
	command.WaitDelay = killDelay

	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing images with %q: %w", options.ListImages, errors.Join(context.Cause(ctx), err))
	}

	return output, nil
}
