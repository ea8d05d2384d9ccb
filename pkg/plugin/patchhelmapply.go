package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// RefusedError says that an upgrade would do more than redirect images.
type RefusedError struct {
	Changes []upgrade.ObjectChange
}

func (e *RefusedError) Error() string {
	var text, flags strings.Builder
	text.WriteString("the upgrade would do more than redirect images:")
	for _, change := range e.Changes {
		fmt.Fprintf(&text, "\n  %s: %s", change.Name, change.Refused)
		fmt.Fprintf(&flags, " --allow %s", display.ShellCommand(change.Name))
	}
	return text.String() + "\nto allow these changes, add" + flags.String()
}

// helmUpgrade is a release with its validated upgrade.
type helmUpgrade struct {
	installed.Redirected
	trial *upgrade.Trial
}

// upgradeAll upgrades the releases that have values, one after the other: the mirror is checked,
// the API servers validate all upgrades, the user confirms, and then the releases are upgraded. A
// refused upgrade does not stop the others.
func (o patchHelmOptions) upgradeAll(ctx context.Context, found helmReleases) error {
	releases := slices.DeleteFunc(slices.Clone(found.releases), func(r installed.Redirected) bool { return len(r.Keys) == 0 })
	if len(releases) == 0 {
		fmt.Fprintln(o.streams.ErrOut, "nothing to do: no values redirect images")
		return nil
	}
	if o.change.DryRun == option.DryRunClient {
		for _, r := range releases {
			fmt.Fprintf(o.streams.Out, "%s would be upgraded (client dry run)\n", r.ID())
		}
		return nil
	}
	if !o.change.SkipVerify {
		if err := checkMirror(ctx, found.registries, o.target, redirected(releases), o.registry); err != nil {
			return err
		}
	}
	upgrades := make([]*helmUpgrade, 0, len(releases))
	for _, r := range releases {
		upgrades = append(upgrades, &helmUpgrade{Redirected: r})
	}
	refused := o.each(ctx, upgrades, o.try)
	upgrades = slices.DeleteFunc(upgrades, func(one *helmUpgrade) bool { return one.trial == nil })
	if ctx.Err() != nil || len(upgrades) == 0 {
		return refused
	}
	if o.change.DryRun != option.DryRunServer {
		if err := agree(ctx, o.streams, o.change.Yes, "Upgrade "+display.Count(len(upgrades), "release")+"?"); err != nil {
			return err
		}
	}
	return cmp.Or(o.each(ctx, upgrades, o.upgradeOne), refused)
}

// each calls do for every release. An error is printed, and the next release follows.
func (o patchHelmOptions) each(ctx context.Context, upgrades []*helmUpgrade, do func(context.Context, *helmUpgrade) error) error {
	failed := 0
	for _, one := range upgrades {
		if err := do(ctx, one); err != nil {
			err = repairable(one.Redirected, err)
			if ctx.Err() != nil {
				return &InterruptedError{Message: fmt.Sprintf("%s: %v", one.ID(), err)}
			}
			fmt.Fprintf(o.streams.ErrOut, "%s: not upgraded: %v\n", one.ID(), err)
			failed++
		}
	}
	if failed > 0 {
		return &PartialError{Message: fmt.Sprintf("%d of %s could not be upgraded", failed, display.Count(len(upgrades), "release"))}
	}
	return nil
}

// repairable adds the command that repairs a release to an error that says that it is
// pending.
func repairable(r installed.Redirected, err error) error {
	var pending *upgrade.PendingError
	if !errors.As(err, &pending) {
		return err
	}
	return fmt.Errorf("%w; to repair it: %s", err, rollBack(r, pending.Good))
}

// rollBack is Helm's command that brings a revision of a release back.
func rollBack(r installed.Redirected, revision int) string {
	return display.ShellCommand("helm", "rollback", r.Name, fmt.Sprint(revision), "--namespace", r.Namespace)
}

// redirected are the upstream names of what will come from the mirror.
func redirected(releases []installed.Redirected) []images.Ref {
	var refs []images.Ref
	for _, r := range releases {
		for _, source := range r.Sources() {
			if !slices.Contains(refs, source) {
				refs = append(refs, source)
			}
		}
	}
	return refs
}

// try lets the API server validate an upgrade, and shows its changes in the cluster. Changes of
// more than images are refused, unless --allow names the object.
func (o patchHelmOptions) try(ctx context.Context, one *helmUpgrade) error {
	trial, err := o.trial(ctx, one.Redirected)
	if err != nil {
		return err
	}
	for _, change := range trial.Changes {
		before, after, err := apply.Texts(change.Before, change.After)
		if err != nil {
			return err
		}
		if err := display.Diff(ctx, o.streams.Out, strings.ToLower(change.Name), before, after); err != nil {
			return err
		}
	}
	if refused := trial.Refused(o.allowed); len(refused) > 0 {
		return &RefusedError{refused}
	}
	one.trial = trial
	return nil
}

// trial lets the API server validate an upgrade.
func (o patchHelmOptions) trial(ctx context.Context, r installed.Redirected) (*upgrade.Trial, error) {
	cluster, err := o.helmCluster(ctx, r)
	if err != nil {
		return nil, err
	}
	release := upgrade.Upgrade{
		Name: r.Name, Namespace: r.Namespace, Revision: r.Revision, Chart: r.Chart, Config: r.Config, Override: r.Values, Images: r.Images,
	}
	how := o.upgrade
	how.RollingBack = func(revision int) {
		fmt.Fprintf(o.streams.ErrOut, "interrupted: rolling back %s to revision %d, which is waited for up to %s; once more leaves it as it is, to be repaired with: %s\n",
			r.ID(), revision, how.Timeout, rollBack(r, revision))
	}
	return release.Try(ctx, cluster, how)
}

// upgradeOne upgrades a release, if the changes are still those that were shown.
func (o patchHelmOptions) upgradeOne(ctx context.Context, one *helmUpgrade) error {
	if o.change.DryRun == option.DryRunServer {
		fmt.Fprintf(o.streams.Out, "%s would be upgraded (server dry run)\n", one.ID())
		return nil
	}
	now, err := o.trial(ctx, one.Redirected)
	if err != nil {
		return err
	}
	if !now.Same(one.trial) {
		return errors.New("the upgrade would now make other changes than those shown, because objects of the release have changed; run the command again")
	}
	if o.upgrade.Wait {
		fmt.Fprintf(o.streams.ErrOut, "%s: waiting up to %s for %s; if they are not ready by then, the release is rolled back\n", one.ID(), o.upgrade.Timeout,
			cmp.Or(strings.Join(now.Waits, ", "), "nothing"))
	}
	stop := o.tellWaiting(one)
	revision, err := now.Apply(ctx)
	stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(o.streams.Out, "%s upgraded to revision %d; to undo it: %s\n", one.ID(), revision, rollBack(one.Redirected, one.Revision))
	return nil
}

// tellWaiting says from time to time that an upgrade is waited for, until it is stopped.
func (o patchHelmOptions) tellWaiting(one *helmUpgrade) (stop func()) {
	if !o.upgrade.Wait {
		return func() {}
	}
	const every = 10 * time.Second
	begun, done, ended := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				fmt.Fprintf(o.streams.ErrOut, "%s: waiting for %s since %s\n", one.ID(),
					cmp.Or(strings.Join(one.trial.Waits, ", "), "nothing"), time.Since(begun).Round(time.Second))
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
