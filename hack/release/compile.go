package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// compile builds the plugin and returns the executable.
func (r release) compile(ctx context.Context, p platform) ([]byte, error) {
	dir, err := os.MkdirTemp("", "kkp-mirror-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, p.binary())

	const stamp = "-s -w -X github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin.version="
	cmd := exec.CommandContext(ctx, r.Go, "build",
		"-trimpath", "-buildvcs=false", "-ldflags", stamp+r.Version, "-o", out, "./cmd/kubectl-kkp_mirror")
	cmd.Dir = r.Root
	cmd.Env = append(os.Environ(), p.environment()...)
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s build: %w\n%s", r.Go, err, messages.Bytes())
	}
	return os.ReadFile(out)
}
