package plugin

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// podFlags are the flags with which sync runs in a pod, and those that prepare pods. Help does not
// show them: sync --in-cluster writes them into the pods that it creates.
type podFlags struct {
	plan   string
	shard  string
	events bool

	pack       string
	packShards int

	image []string
}

func (f *podFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.plan, "plan", "", "Copy the images of the packed plan in this directory. No cluster is read")
	flags.StringVar(&f.shard, "shard", "", "With --plan: copy only shard K, from 0, of N: K/N")
	flags.BoolVar(&f.events, "events", false, "With --plan: write progress and results to stdout as JSON lines")
	flags.StringVar(&f.pack, "pack", "", "Write the packed plan into this new directory, and copy nothing")
	flags.IntVar(&f.packShards, "pack-shards", 1, "With --pack: divide the images into this number of shards")
	flags.StringSliceVar(&f.image, "put-image", nil, "Put the image of this plugin for these architectures into the target, print its reference, and copy nothing else")
	for _, name := range []string{"plan", "shard", "events", "pack", "pack-shards", "put-image"} {
		flags.Lookup(name).Hidden = true
	}
}

func (f *podFlags) parse(flags *pflag.FlagSet) (podOptions, error) {
	o := podOptions{plan: f.plan, shards: 1, events: f.events, pack: f.pack, packShards: f.packShards, image: f.image}
	if f.packShards < 1 || f.packShards > plan.MaxShards {
		return o, option.Usagef("--pack-shards %d: a copy has 1 to %d shards", f.packShards, plan.MaxShards)
	}
	if f.plan == "" {
		if f.shard != "" || f.events {
			return o, option.Usagef("--shard and --events are for one pod of a copy in a cluster: pass its plan with --plan, too")
		}
		return o, nil
	}
	err := excludeSelection(flags, "plan")
	if err == nil {
		err = option.Exclude(flags, "plan", "selects the images", "registry-prefix", "exclude", "load-from")
	}
	if err == nil {
		err = option.Exclude(flags, "plan", "is for a copy in a cluster", "since", "with-files", "dry-run", "approved", "pack", "pack-shards", "put-image")
	}
	if err == nil && f.events {
		err = option.Exclude(flags, "events", "has the results", "output", "report")
	}
	if err == nil && f.shard != "" {
		o.shard, o.shards, err = parseShard(f.shard)
	}
	return o, err
}

// parseShard reads K/N: shard K, from 0, of N.
func parseShard(text string) (shard, shards int, err error) {
	first, second, _ := strings.Cut(text, "/")
	shard, errShard := strconv.Atoi(first)
	shards, errShards := strconv.Atoi(second)
	if errShard != nil || errShards != nil || shard < 0 || shard >= shards || shards > plan.MaxShards {
		return 0, 0, option.Usagef("--shard %q: write K/N, with K from 0 to N-1 and N up to %d", text, plan.MaxShards)
	}
	return shard, shards, nil
}

// podOptions are the options of a process that is one pod of a copy in a cluster.
type podOptions struct {
	plan   string // directory with the parts of the plan; "": this process is no pod
	shard  int    // from 0
	shards int
	events bool // stdout gets JSON lines

	pack       string // directory for the parts of the plan, for pods that are started later; "": the images are copied
	packShards int

	image []string // architectures of the image of this plugin for the target; none: the images are copied
}

// read reads the plan and its images. The gaps of the lock concern who made the plan.
func (o podOptions) read() (chosen, error) {
	root, err := os.OpenRoot(o.plan)
	if err != nil {
		return chosen{}, fmt.Errorf("--plan: %w", err)
	}
	defer root.Close()
	packed, err := plan.Unpack(root.FS())
	if err != nil {
		return chosen{}, fmt.Errorf("--plan %s: %w", o.plan, err)
	}
	if packed.Shards != o.shards {
		return chosen{}, option.Usagef("--shard: the plan in %s has %d shards, not %d", o.plan, packed.Shards, o.shards)
	}
	inv, err := packed.Inventory()
	if err != nil {
		return chosen{}, fmt.Errorf("--plan %s: %w", o.plan, err)
	}
	inv.Gaps = nil
	return chosen{inventory: inv, origin: "plan " + o.plan, lock: packed.LockDigest(), packed: &packed}, nil
}

// runInPod runs the command with events on stdout. The last event has the exit code and the error.
func (o syncOptions) runInPod(ctx context.Context) error {
	writer := events.NewWriter(o.streams.Out)
	o.events, o.pod.events, o.streams.ErrOut = writer, false, writer.Notes()
	err := o.run(ctx)
	if err == nil {
		writer.End(exitDone, "")
		return nil
	}
	code := exitCode(ctx, err)
	writer.End(code, render(err, code, "kubectl kkp-mirror sync"))
	return &ReportedError{Err: err}
}
