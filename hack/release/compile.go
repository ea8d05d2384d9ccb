package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// compile builds the plugin and returns the executable.
func (r release) compile(ctx context.Context, p platform) ([]byte, error) {
	dir, err := os.MkdirTemp("", "kkp-mirror-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, p.binary())

	const stamp = "-s -w -X github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin.version=%s -X github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin.committed=%s"
	cmd := exec.CommandContext(ctx, r.Go, "build",
		"-trimpath", "-buildvcs=false", "-ldflags", fmt.Sprintf(stamp, r.Version, r.Modified.Format(time.RFC3339)), "-o", out, "./cmd/kubectl-kkp_mirror")
	cmd.Dir = r.Root
	cmd.Env = append(os.Environ(), p.environment()...)
	var messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s build: %w\n%s", r.Go, err, messages.Bytes())
	}
	return os.ReadFile(out)
}
