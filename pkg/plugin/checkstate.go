package plugin

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// checkState is what the sections of a check share. Each part is read once, for whichever section
// needs it first.
type checkState struct {
	checkOptions
	opened

	direct  option.Registry  // leads to the sources of images; the registry of the options leads to the mirror
	planned *catalog.Release // of --upgrade; nil: none

	mirror check.Named // zero: the installation names no mirror, and the user named none
	lock   images.Inventory

	lockDigest string // "": there is no lock

	answers memo.Group[check.Answer] // of the mirror, by reference
	needed  func(context.Context) (images.Inventory, error)

	profiles func(context.Context) (checkedProfiles, error) // of operating systems
}

// hasMirror reports whether the mirror is known.
func (s *checkState) hasMirror() bool { return s.mirror.Target.Registry != "" }

func (s *checkState) targetName() string {
	if !s.hasMirror() {
		return ""
	}
	return s.mirror.Target.String()
}

// read reads the installation, and finds its mirror. From then on, images are read from the mirror.
func (o checkOptions) read(ctx context.Context, parts []kkp.Part, limits *transfer.Limits) (*checkState, error) {
	s := &checkState{checkOptions: o, direct: o.registry, mirror: check.Named{Target: o.target}}
	var err error
	if o.list != "" {
		if s.lock, s.lockDigest, err = readList(o.list, o.streams.In); err != nil {
			return nil, err
		}
	}
	inst, err := o.installation.read(ctx, parts)
	if err != nil {
		return nil, err
	}
	release, err := o.installation.release(cmp.Or(o.installation.KKPVersion, inst.Version), cmp.Or(o.installation.Edition, inst.Edition), inst.Live)
	if err != nil {
		return nil, err
	}
	if o.upgrade != "" {
		if s.planned, err = catalog.Open(o.upgrade, release.Edition()); err != nil {
			return nil, option.Usagef("--upgrade: %w", err)
		}
	}
	if !s.hasMirror() {
		s.mirror, _ = check.FindMirror(inst, release)
		s.target = s.mirror.Target
	}
	if s.hasMirror() {
		s.registry = o.registry.Through(s.target)
	}
	registries, err := newRegistriesWithin(limits, s.registry, o.streams.ErrOut)
	if err != nil {
		return nil, err
	}
	addPullSecrets(registries, inst, o.streams.ErrOut)
	if s.opened, err = s.asPatch().opened(inst, release, registries); err != nil {
		return nil, err
	}
	s.needed = onceWith(func(ctx context.Context) (images.Inventory, error) { return s.inventory(ctx, release) })
	s.profiles = onceWith(s.nodeProfiles)
	return s, nil
}

// onceWith returns a function that calls get once, with the context of its first caller.
func onceWith[T any](get func(context.Context) (T, error)) func(context.Context) (T, error) {
	var once sync.Once
	var value T
	var err error
	return func(ctx context.Context) (T, error) {
		once.Do(func() { value, err = get(ctx) })
		return value, err
	}
}

// close closes the connections.
func (s *checkState) close() {
	s.registries.Close()
	if s.master.Close != nil {
		s.master.Close()
	}
}

// asPatch returns the options of the commands that would change the installation.
func (s *checkState) asPatch() patchOptions {
	return patchOptions{
		streams: s.streams, target: s.target, installation: s.installation, registry: s.registry,
		change: option.Change{Manager: apply.Manager, Exclude: s.exclude, Images: s.list, NodesTrust: s.nodesTrust},
	}
}

// inventory discovers the images that a release needs, without those that are left out by decision.
func (s *checkState) inventory(ctx context.Context, release *catalog.Release) (images.Inventory, error) {
	scope := option.Scope{IgnoreOverrides: true}
	opts, err := discoverOptions(scope, false, s.registries)
	if err != nil {
		return images.Inventory{}, err
	}
	result := discovered(ctx, s.inst, release, opts)
	kept, _ := result.Excluding(s.exclude)
	return kept, ctx.Err()
}

// imageParts are the parts of an installation that say which images it needs.
func imageParts() []kkp.Part { return discover.Parts(discover.Sources()) }

// ask asks the mirror about references, each reference once for all sections.
func (s *checkState) ask(ctx context.Context, refs []images.Ref) map[images.Ref]check.Answer {
	all := map[images.Ref]check.Answer{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, 4*s.registry.Jobs)
	for _, ref := range refs {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			answer, err := s.answers.Do(ctx, ref.String(), func() (check.Answer, error) { return s.askOne(ctx, ref), nil })
			if err != nil {
				answer.Cause = err.Error() // interrupted
			}
			mu.Lock()
			defer mu.Unlock()
			all[ref] = answer
		})
	}
	wait.Wait()
	return all
}

func (s *checkState) askOne(ctx context.Context, ref images.Ref) check.Answer {
	answer := s.registries.Ask(ctx, []images.Ref{ref}, 1)[0]
	return check.Answer{Digest: answer.Digest, Class: answer.Class, Cause: answer.Cause}
}

// command returns a line for a shell: a command of this plugin for the mirror, with the flags of
// this run.
func (s *checkState) command(name string, more ...string) string {
	args := slices.Concat([]string{"kubectl", "kkp-mirror", name, s.targetName()}, more, s.registry.Given, s.connection)
	return display.ShellCommand(args...)
}

// digests returns the digests of the lock.
func (s *checkState) digests() map[images.Ref]string {
	digests := map[images.Ref]string{}
	for _, img := range s.lock.Images {
		if img.Digest != "" {
			digests[img.Ref] = img.Digest
		}
	}
	return digests
}

// excluded are the flags that leave images out by decision, for another command.
func (s *checkState) excluded() []string {
	var args []string
	for _, pattern := range s.exclude {
		args = append(args, "--exclude", pattern)
	}
	return args
}
