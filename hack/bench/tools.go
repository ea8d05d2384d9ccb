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
)

// tool copies references from one registry to another.
type tool struct {
	Name    string
	Program string // program in PATH, "" for none
	Copy    func(ctx context.Context, o order) error
	Pack    func(ctx context.Context, o order) error // from a registry into an archive; nil: not measured
	Load    func(ctx context.Context, o order) error // from an archive into a registry; nil: not measured
}

// The names of tools to which others are compared.
const (
	ours           = "kkp-mirror"
	craneOneByOne  = "crane, one by one"
	regsync        = "regsync"
	skopeoOneByOne = "skopeo, one by one"
)

// parallel is the concurrency of the tools that have an option for it.
const parallel = 8

func tools() []tool {
	return []tool{
		{Name: ours, Copy: copyOurs, Pack: packOurs, Load: loadOurs},
		{Name: craneOneByOne, Copy: copyCrane},
		{Name: "ggcr, shared pusher", Copy: copyPusher},
		{Name: regsync, Program: "regsync", Copy: copyRegsync},
		{Name: skopeoOneByOne, Program: "skopeo", Copy: copySkopeo, Pack: packSkopeo},
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

// copyCrane copies like KKP's installer.
func copyCrane(ctx context.Context, o order) error {
	for _, ref := range o.Refs {
		if err := crane.Copy(o.Source+"/"+ref, o.Target+"/"+ref, crane.WithContext(ctx), crane.Insecure); err != nil {
			return err
		}
	}
	return nil
}

// copyPusher shares connections and tokens, and copies several images concurrently.
func copyPusher(ctx context.Context, o order) error {
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
	for _, s := range o.Refs {
		group.Go(func() error {
			from, err := name.ParseReference(o.Source+"/"+s, name.Insecure)
			if err != nil {
				return err
			}
			to, err := name.ParseReference(o.Target+"/"+s, name.Insecure)
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

func copyRegsync(ctx context.Context, o order) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\ndefaults:\n  parallel: %d\ncreds:\n", parallel)
	for _, host := range []string{o.Source, o.Target} {
		fmt.Fprintf(&b, "  - registry: %s\n    tls: disabled\n    reqConcurrent: %d\n", host, parallel)
	}
	b.WriteString("sync:\n")
	for _, ref := range o.Refs {
		fmt.Fprintf(&b, "  - {source: %s/%s, target: %s/%s, type: image}\n", o.Source, ref, o.Target, ref)
	}
	config := filepath.Join(dir, "regsync.yaml")
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return program(ctx, "regsync", "once", "-c", config)
}

func copySkopeo(ctx context.Context, o order) error {
	for _, ref := range o.Refs {
		err := program(ctx, "skopeo", "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
			"docker://"+o.Source+"/"+ref, "docker://"+o.Target+"/"+ref)
		if err != nil {
			return err
		}
	}
	return nil
}

// packSkopeo copies all images into one OCI layout, because skopeo cannot add images to a tar.
func packSkopeo(ctx context.Context, o order) error {
	for _, ref := range o.Refs {
		if err := program(ctx, "skopeo", "copy", "--all", "--src-tls-verify=false", "docker://"+o.Source+"/"+ref, "oci:"+o.Archive+".layout:"+ref); err != nil {
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
