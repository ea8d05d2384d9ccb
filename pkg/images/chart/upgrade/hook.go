package upgrade

import (
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/release"
)

// hooks returns the hooks that can run: those of the new revision for the upgrade, and those of the
// installed revision for the rollback.
func (t *Trial) hooks() []*release.Hook {
	hooks := runs(t.next, release.HookPreUpgrade, release.HookPostUpgrade)
	if t.options.Wait {
		hooks = append(hooks, runs(t.installed, release.HookPreRollback, release.HookPostRollback)...)
	}
	return hooks
}

// runs returns the hooks of a revision for some events.
func runs(r *release.Release, events ...release.HookEvent) []*release.Hook {
	var hooks []*release.Hook
	for _, hook := range r.Hooks {
		if slices.ContainsFunc(hook.Events, func(event release.HookEvent) bool { return slices.Contains(events, event) }) {
			hooks = append(hooks, hook)
		}
	}
	return hooks
}

// hookChanges adds the objects that hooks create. Each is refused: Helm does not mark the owner of
// these objects, and deletes an existing object with the same name first.
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
			change := ObjectChange{Name: nameOf(object(info.Object)), Before: before[i], After: object(info.Object), Refused: "a hook would create the object"}
			if change.Before != nil {
				change.Refused = "a hook would delete the object and create it again"
			}
			t.Changes = append(t.Changes, change)
			t.Waits = append(t.Waits, change.Name)
		}
	}
	return nil
}
