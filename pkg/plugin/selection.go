package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// maxListBytes bounds an image list that is read: 300,000 images with their reasons.
const maxListBytes = 64 << 20

// selection says which images go where, for the commands that concern a target.
type selection struct {
	streams    genericiooptions.IOStreams
	input      *inputFlags
	scope      scopeFlags
	registries registryFlags
	output     *outputFlags
	list       string
	loadFrom   string
	archive    *transfer.Archive // that loadFrom names
	withheld   string            // a note for failures to log in, "" if there is nothing to say

	// What of an image counts, and how the copying is shown.
	platforms   []string
	noReferrers bool
	noProgress  bool
}

func newSelection(streams genericiooptions.IOStreams) selection {
	return selection{streams: streams, input: newInputFlags(), output: newOutputFlags()}
}

// addFlags adds the flags that all these commands have, and the group of those that a
// command has for itself. verb is what it does with images.
func (c *selection) addFlags(cmd *cobra.Command, verb string, own flagGroup) {
	addGroups(cmd,
		flagGroup{"Input", func(flags *pflag.FlagSet) {
			c.input.add(flags)
			flags.StringVar(&c.list, "images", "", verb+" the images of this list, as 'images -o json' prints it (- is stdin), not those of a cluster")
		}},
		flagGroup{"Scope", c.scope.add},
		flagGroup{"Registries", c.registries.add},
		own,
		flagGroup{"Output", c.output.addDocument},
		flagGroup{"Connection", c.input.addConnection})
	complete(cmd, completions())
}

// addContent adds the flags for the parts of an image that are copied, and for progress.
func (c *selection) addContent(flags *pflag.FlagSet) {
	flags.StringSliceVar(&c.platforms, "platform", nil,
		"Copy only these platforms, such as linux/amd64 (default: all). Changes the digest of an index, unless the registry accepts an index with missing platforms; "+
			"a later sync takes such an index for complete, and verify --fix adds the missing platforms")
	flags.BoolVar(&c.noReferrers, "no-referrers", false, "Leave out referrers (signatures, attestations, SBOMs)")
	flags.BoolVar(&c.noProgress, "no-progress", false, "Print a line for each image that is copied, also on a terminal")
}

// transferOptions are the options of a copy or a verification.
func (c *selection) transferOptions(p planned) transfer.Options {
	return transfer.Options{Jobs: c.registries.jobs, Platforms: p.platforms, NoReferrers: c.noReferrers}
}

// noteWithheld says what might have prevented failures to log in.
func (c *selection) noteWithheld(classes []images.Class) {
	if c.withheld != "" && slices.Contains(classes, images.ClassAuth) {
		fmt.Fprintln(c.streams.ErrOut, c.withheld)
	}
}

// newProgress shows how a number of images are copied. Requests that are printed, too, would
// tear a bar apart.
func (c *selection) newProgress(total int) *display.Progress {
	return display.NewProgress(c.streams.ErrOut, total, c.noProgress || c.registries.verbosity > 0)
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
	if p.registries, err = c.registries.registries(cmd, target); err != nil {
		return p, err
	}
	if p.inventory, err = c.inventory(ctx, cmd, p.registries); err != nil {
		return p, err
	}
	p.plan, err = images.NewPlan(p.inventory, target).Settle(func(step images.Copy) (string, error) {
		return digestOf(ctx, p.registries, step)
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

// digestOf returns the digest of a source, asking its registry only if the plan lacks it.
func digestOf(ctx context.Context, registries *transfer.Registries, step images.Copy) (string, error) {
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
		display.Remarks(c.streams.ErrOut, inv)
		return c.scope.withPrefix(inv), err
	}
	opts, err := c.scope.options(cmd, registries)
	if err != nil {
		return images.Inventory{}, err
	}
	inst, release, err := c.input.load(ctx, cmd, c.streams, registries, discover.Parts(opts.Sources))
	if err != nil {
		return images.Inventory{}, err
	}
	c.withheld = unreadSecret(inst.PullSecret)
	result, err := c.scope.inventory(ctx, cmd, inst, release, opts)
	if err != nil {
		return images.Inventory{}, err
	}
	summary(releaseTitle(release), result, len(result.Images)).Print(c.streams.ErrOut)
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
	data, err := bounded.ReadAll(in, maxListBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
