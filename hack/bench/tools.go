package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// tool copies references from one registry to another.
type tool struct {
	Name    string
	Program string // program in PATH, "" for none
	Copy    func(ctx context.Context, source, target string, refs []string) error
}

// parallel is the concurrency of the tools that have an option for it.
const parallel = 8

func tools() []tool {
	return []tool{
		{Name: "kkp-mirror", Copy: copyOurs},
		{Name: "crane, one by one", Copy: copyCrane},
		{Name: "ggcr, shared pusher", Copy: copyPusher},
		{Name: "regsync", Program: "regsync", Copy: copyRegsync},
		{Name: "skopeo, one by one", Program: "skopeo", Copy: copySkopeo},
	}
}

func toolOf(name string) (tool, error) {
	for _, t := range tools() {
		if t.Name == name {
			return t, nil
		}
	}
	return tool{}, fmt.Errorf("unknown tool %q", name)
}

func (t tool) available() bool {
	if t.Program == "" {
		return true
	}
	_, err := exec.LookPath(t.Program)
	return err == nil
}

func copyOurs(ctx context.Context, source, target string, refs []string) error {
	var inv images.Collector
	for _, s := range refs {
		ref, err := images.ParseRef(source + "/" + s)
		if err != nil {
			return err
		}
		inv.Add(images.Image{Ref: ref})
	}
	registries := transfer.NewRegistries(transfer.Config{UserAgent: "kkp-mirror-bench"})
	defer registries.Close()
	report := registries.Copy(ctx, images.NewPlan(inv.Inventory(), images.Target{Registry: target}), transfer.Options{})
	for _, res := range report.Results {
		if res.Outcome != images.Copied && res.Outcome != images.Present {
			return fmt.Errorf("%s: %s %s", res.Source, res.Outcome, res.Error)
		}
	}
	return nil
}

// copyCrane copies like KKP's installer.
func copyCrane(ctx context.Context, source, target string, refs []string) error {
	for _, ref := range refs {
		if err := crane.Copy(source+"/"+ref, target+"/"+ref, crane.WithContext(ctx), crane.Insecure); err != nil {
			return err
		}
	}
	return nil
}

// copyPusher shares connections and tokens, and copies several images concurrently.
func copyPusher(ctx context.Context, source, target string, refs []string) error {
	puller, err := remote.NewPuller()
	if err != nil {
		return err
	}
	pusher, err := remote.NewPusher(remote.WithJobs(parallel))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, s := range refs {
		group.Go(func() error {
			from, err := name.ParseReference(source+"/"+s, name.Insecure)
			if err != nil {
				return err
			}
			to, err := name.ParseReference(target+"/"+s, name.Insecure)
			if err != nil {
				return err
			}
			desc, err := puller.Get(ctx, from)
			if err != nil {
				return err
			}
			return pusher.Push(ctx, to, desc)
		})
	}
	return group.Wait()
}

func copyRegsync(ctx context.Context, source, target string, refs []string) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\ndefaults:\n  parallel: %d\ncreds:\n", parallel)
	for _, host := range []string{source, target} {
		fmt.Fprintf(&b, "  - registry: %s\n    tls: disabled\n    reqConcurrent: %d\n", host, parallel)
	}
	b.WriteString("sync:\n")
	for _, ref := range refs {
		fmt.Fprintf(&b, "  - {source: %s/%s, target: %s/%s, type: image}\n", source, ref, target, ref)
	}
	config := filepath.Join(dir, "regsync.yaml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return program(ctx, "regsync", "once", "-c", config)
}

func copySkopeo(ctx context.Context, source, target string, refs []string) error {
	for _, ref := range refs {
		err := program(ctx, "skopeo", "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
			"docker://"+source+"/"+ref, "docker://"+target+"/"+ref)
		if err != nil {
			return err
		}
	}
	return nil
}

func program(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}
