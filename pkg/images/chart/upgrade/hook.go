package upgrade

import (
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/release"
)

// hooks are those that run: of the new revision when it is made, and of the installed one
// when the upgrade is rolled back.
func (t *Trial) hooks() []*release.Hook {
	hooks := runs(t.next, release.HookPreUpgrade, release.HookPostUpgrade)
	if t.options.Wait {
		hooks = append(hooks, runs(t.installed, release.HookPreRollback, release.HookPostRollback)...)
	}
	return hooks
}

// runs are the hooks of a revision that run at some events.
func runs(r *release.Release, events ...release.HookEvent) []*release.Hook {
	var hooks []*release.Hook
	for _, hook := range r.Hooks {
		if slices.ContainsFunc(hook.Events, func(event release.HookEvent) bool { return slices.Contains(events, event) }) {
			hooks = append(hooks, hook)
		}
	}
	return hooks
}

// hookChanges are the objects that hooks make. Each is more than an upgrade of images may do:
// Helm does not mark whose they are, and what is there under the name of one is deleted first.
func (t *Trial) hookChanges() error {
	for _, hook := range t.hooks() {
		made, err := t.build(hook.Manifest)
		if err != nil {
			return fmt.Errorf("the hook %s: %w", hook.Path, err)
		}
		before, err := live(made)
		if err != nil {
			return err
		}
		for i, info := range made {
			change := ObjectChange{Name: nameOf(object(info.Object)), Before: before[i], After: object(info.Object), Refused: "a hook would create it"}
			if change.Before != nil {
				change.Refused = "a hook would delete it and create it again"
			}
			t.Changes = append(t.Changes, change)
			t.Waits = append(t.Waits, change.Name)
		}
	}
	return nil
}
