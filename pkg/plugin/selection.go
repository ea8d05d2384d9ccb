package plugin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// maxListBytes bounds an image list that is read: 300,000 images with their reasons.
const maxListBytes = 64 << 20

// selectionFlags are the common flags of commands with a target: the images and the target.
type selectionFlags struct {
	streams    genericiooptions.IOStreams
	input      option.InputFlags
	connection *option.ConnectionFlags
	scope      *option.ScopeFlags
	registry   option.RegistryFlags
	content    option.ContentFlags
	output     *option.OutputFlags
	list       string
	since      string
}

func newSelectionFlags(streams genericiooptions.IOStreams) selectionFlags {
	return selectionFlags{
		streams: streams, connection: option.NewConnectionFlags(), scope: option.NewScopeFlags(discover.Sources()), output: option.NewOutputFlags(),
	}
}

// groups returns the common groups of flags, and the groups of one command, own. verb is "Copy" or
// "Check".
func (f *selectionFlags) groups(verb string, own ...option.Group) []option.Group {
	return slices.Concat([]option.Group{
		{Title: "Input", Add: func(flags *pflag.FlagSet) {
			f.input.Add(flags)
			flags.StringVar(&f.list, "images", "", verb+" the images of this list (from 'images -o json'; - is stdin) instead of those of an installation")
		}},
		{Title: "Scope", Add: f.scope.Add},
		{Title: "Registries", Add: f.registry.Add},
	}, own, []option.Group{
		{Title: "Output", Add: f.output.AddDocument},
		{Title: "Connection", Add: f.connection.Add},
	})
}

// complete parses the flags for a target, of a command that prints some formats itself.
func (f *selectionFlags) complete(flags *pflag.FlagSet, target images.Target, formats ...string) (selection, error) {
	s := selection{streams: f.streams, target: target, list: f.list, since: f.since, installation: f.reader()}
	var err error
	if s.output, err = f.output.Parse(formats...); err != nil {
		return s, err
	}
	if s.scope, err = f.scope.Parse(); err != nil {
		return s, err
	}
	if s.content, err = f.content.Parse(); err != nil {
		return s, err
	}
	if s.registry, err = f.registry.Parse(target); err != nil || s.list == "" {
		return s, err
	}
	return s, excludeSelection(flags, "images")
}

// reader reads the installation of the flags.
func (f *selectionFlags) reader() installationReader {
	return installationReader{Input: f.input.Parse(), connection: f.connection.Parse(), streams: f.streams}
}

// excludeSelection returns a usage error if a flag is combined with other flags that select images.
func excludeSelection(flags *pflag.FlagSet, flag string) error {
	return option.Exclude(flags, flag, "selects the images",
		"images", "filename", "all", "source", "provider-filter", "version-filter", "kkp-version", "edition")
}

// selection has the options for the images and their target.
type selection struct {
	streams      genericiooptions.IOStreams
	target       images.Target
	installation installationReader
	list         string // a file with a list of images, "-" for stdin; "": the installation is read
	since        string // an older list, lock or archive to compare with; "": none
	approved     string // digest that the list must have; "": any
	pod          podOptions
	scope        option.Scope
	registry     option.Registry
	content      option.Content
	output       option.Output
}

// transferOptions are the options of a copy or a verification.
func (s selection) transferOptions() transfer.Options {
	opts := transfer.Options{Jobs: s.registry.Jobs, Platforms: s.content.Platforms, NoReferrers: s.content.NoReferrers}
	if kept := keptManifests(); kept != nil {
		opts.Kept = kept
	}
	return opts
}

// newProgress shows the progress of a number of images. Logged requests would break a progress
// bar, so that -v shows lines.
func (s selection) newProgress(total int) *display.Progress {
	return display.NewProgress(s.streams.ErrOut, total, s.content.NoProgress || s.registry.Verbosity > 0)
}

// planned is the plan for a selection.
type planned struct {
	registries *transfer.Registries
	plan       images.Plan
	chosen
}

// chosen are images with what is known of their origin.
type chosen struct {
	inventory images.Inventory
	withheld  string     // a note for failed logins; "": none
	origin    string     // the installation, the list or the archive
	lock      string     // digest of the list; "": no list was read
	packed    *plan.Plan // the plan of a copy in a cluster, of which this process is a pod; nil: it is not
}

// resolve returns the plan for the images of a list, of an archive, or of the installation, in this
// order. archive may be nil.
func (s selection) resolve(ctx context.Context, archive *transfer.Archive) (planned, error) {
	var p planned
	var err error
	if p.registries, err = newRegistries(s.registry, s.streams.ErrOut); err != nil {
		return p, err
	}
	if p.chosen, err = s.choose(ctx, p.registries, archive); err != nil {
		return p, err
	}
	p.plan, err = images.NewPlan(p.inventory, s.target).Resolve(func(step images.Copy) (string, error) {
		return digestOf(ctx, p.registries, step)
	})
	if p.packed != nil {
		p.plan = p.packed.Of(s.pod.shard, p.inventory, p.plan)
	}
	return p, err
}

// choose returns the images of a list, of an archive, or of the installation, within the scope.
func (s selection) choose(ctx context.Context, registries *transfer.Registries, archive *transfer.Archive) (chosen, error) {
	var c chosen
	var err error
	switch {
	case s.pod.plan != "":
		return s.pod.read()
	case s.list != "":
		c.origin = "list " + s.list
		if c.inventory, c.lock, err = readList(s.list, s.streams.In); err == nil {
			err = cmp.Or(s.checkApproved(c.lock), notEmpty(c.inventory, fmt.Sprintf("the list %s has no image", s.list)))
		}
	case archive != nil:
		c.origin = "archive " + archive.String()
		if c.inventory, err = transfer.Inventory(archive); err == nil {
			display.Remarks(s.streams.ErrOut, c.inventory)
			err = notEmpty(c.inventory, "the archive has no image")
		}
	default:
		return s.discover(ctx, registries)
	}
	if err == nil {
		c.inventory, err = s.narrow(c.inventory)
	}
	return c, err
}

// narrow applies the filters of the scope.
func (s selection) narrow(inv images.Inventory) (images.Inventory, error) {
	selected, unused, err := s.scope.Select(inv, s.target)
	tellUnused(s.streams.ErrOut, unused)
	if n := len(selected.Excluded); n > 0 {
		fmt.Fprintf(s.streams.ErrOut, "note: %s left out by decision: %s\n", display.Count(n, "image"), strings.Join(someRefs(selected.Excluded), ", "))
	}
	if err == nil {
		err = notEmpty(selected, "no image is selected")
	}
	return selected, err
}

// discover discovers the images of the installation.
func (s selection) discover(ctx context.Context, registries *transfer.Registries) (chosen, error) {
	opts, err := discoverOptions(s.scope, len(s.installation.Files) > 0, registries)
	if err != nil {
		return chosen{}, err
	}
	inst, release, err := s.installation.load(ctx, registries, discover.Parts(opts.Sources))
	if err != nil {
		return chosen{}, err
	}
	result, err := inventory(ctx, s.scope, inst, release, opts)
	if err != nil {
		return chosen{}, err
	}
	found := result.Inventory
	if result.Inventory, err = s.narrow(found); err != nil {
		display.Remarks(s.streams.ErrOut, found)
		return chosen{}, err
	}
	summary(releaseTitle(release), result, len(result.Images)).Print(s.streams.ErrOut)
	return chosen{inventory: result.Inventory, withheld: unreadSecret(inst.PullSecret), origin: originOf(inst, releaseTitle(release))}, nil
}

// subject is the subject of a page about the target.
func (s selection) subject(title string, p planned, since earlier) display.Subject {
	about := subject(title, p.origin)
	about.Target, about.Lock, about.Since = s.target.String(), p.lock, since.name
	return about
}

// noteWithheld prints the note after failed logins.
func (p planned) noteWithheld(errOut io.Writer, classes []images.Class) {
	if p.withheld != "" && slices.Contains(classes, images.ClassAuth) {
		fmt.Fprintln(errOut, p.withheld)
	}
}

// tellUnused says which values of --exclude leave nothing out.
func tellUnused(errOut io.Writer, unused []string) {
	for _, pattern := range unused {
		fmt.Fprintf(errOut, "note: --exclude %s leaves nothing out: no image that is needed matches\n", pattern)
	}
}

// digestOf returns the digest of a source, asking its registry only if the plan lacks it.
func digestOf(ctx context.Context, registries *transfer.Registries, step images.Copy) (string, error) {
	if step.Digest != "" {
		return step.Digest, nil
	}
	return registries.Digest(ctx, step.Source)
}

// readList reads a list of images, and returns its digest, too.
func readList(path string, stdin io.Reader) (inv images.Inventory, digest string, err error) {
	data, err := readBounded(path, stdin)
	if err != nil {
		return inv, "", fmt.Errorf("--images: %w", err)
	}
	if inv, err = images.ParseList(data); err != nil {
		return inv, "", fmt.Errorf("--images %s: %w", path, err)
	}
	return inv, digestOfList(data), nil
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
