package plugin

import (
	"context"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/archives"
)

// maxListBytes bounds an image list that is read: 300,000 images with their reasons.
const maxListBytes = 64 << 20

// selection says which images go where, for the commands that concern a target.
type selection struct {
	streams    genericiooptions.IOStreams
	input      *inputFlags
	scope      scopeFlags
	registries registryFlags
	list       string
	platforms  []string
	loadFrom   string
	archive    *archives.Archive // that loadFrom names
}

func newSelection(streams genericiooptions.IOStreams) selection {
	return selection{streams: streams, input: newInputFlags()}
}

// addInput adds the flags for what a list may stand for.
func (c *selection) addInput(flags *pflag.FlagSet, verb string) {
	c.input.add(flags)
	flags.StringVar(&c.list, "images", "", verb+" the images of this list, as 'images -o json' prints it (- is stdin), not those of a cluster")
}

// planned is what the flags of a command come to.
type planned struct {
	target     images.Target
	platforms  []v1.Platform
	registries *transfer.Registries
	inventory  images.Inventory
	plan       images.Plan
}

// resolve works out the plan.
func (c *selection) resolve(ctx context.Context, cmd *cobra.Command, target images.Target) (planned, error) {
	p := planned{target: target}
	var err error
	if p.platforms, err = parsePlatforms(cmd, c.platforms); err != nil {
		return p, err
	}
	if p.registries, err = c.registries.registries(cmd); err != nil {
		return p, err
	}
	if p.inventory, err = c.inventory(ctx, cmd, p.registries); err != nil {
		return p, err
	}
	p.plan, err = images.NewPlan(p.inventory, target).Settle(func(step images.Copy) (string, error) {
		return known(ctx, p.registries, step)
	})
	return p, err
}

// alone refuses the flags that another one makes meaningless.
func (c *selection) alone(cmd *cobra.Command, flag string) error {
	for _, name := range []string{"images", "filename", "all", "source", "provider-filter", "version-filter", "kkp-version", "edition"} {
		if name != flag && cmd.Flags().Changed(name) {
			return usageError(cmd, fmt.Errorf("--%s and --%s exclude each other: --%s says what to copy", flag, name, flag))
		}
	}
	return nil
}

// known returns the digest of a source, asking its registry only if the plan lacks it.
func known(ctx context.Context, registries *transfer.Registries, step images.Copy) (string, error) {
	if step.Digest != "" {
		return step.Digest, nil
	}
	return registries.Digest(ctx, step.Source)
}

// inventory is what to copy: a list that was written before, or what is discovered now.
func (c *selection) inventory(ctx context.Context, cmd *cobra.Command, registries *transfer.Registries) (images.Inventory, error) {
	if c.list != "" {
		return c.readList(cmd)
	}
	if c.archive != nil {
		inv, err := transfer.Inventory(c.archive)
		return c.scope.withPrefix(inv), err
	}
	opts, err := c.scope.options(cmd, registries)
	if err != nil {
		return images.Inventory{}, err
	}
	inst, release, err := c.input.load(ctx, cmd, c.streams, registries)
	if err != nil {
		return images.Inventory{}, err
	}
	result, err := c.scope.inventory(ctx, cmd, inst, release, opts)
	if err != nil {
		return images.Inventory{}, err
	}
	printSummary(c.streams.ErrOut, releaseTitle(release), result, len(result.Images))
	return result.Inventory, nil
}

// readList reads a list of images, which no other input can be combined with.
func (c *selection) readList(cmd *cobra.Command) (images.Inventory, error) {
	if err := c.alone(cmd, "images"); err != nil {
		return images.Inventory{}, err
	}
	data, err := readBounded(c.list, c.streams.In)
	if err != nil {
		return images.Inventory{}, fmt.Errorf("--images: %w", err)
	}
	inv, err := images.ParseList(data)
	if err != nil {
		return images.Inventory{}, fmt.Errorf("--images %s: %w", c.list, err)
	}
	return c.scope.withPrefix(inv), nil
}

// readBounded reads a file, or stdin for "-".
func readBounded(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxListBytes+1))
	if err == nil && len(data) > maxListBytes {
		err = fmt.Errorf("%s is larger than %s", path, size(maxListBytes))
	}
	return data, err
}
