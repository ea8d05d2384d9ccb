package edit

import (
	"context"
	"errors"
)

// Try lets the API servers check all changes in a dry run, and fills in After.
func Try(ctx context.Context, changes []Edited) ([]Edited, error) {
	return each(changes, func(one Edited) (Edited, error) {
		client := one.editor.client
		client.DryRun = true
		var err error
		one.After, err = client.Apply(ctx, resourceOf(one.Kind), one.Change)
		return one, err
	})
}

// Apply makes the changes. It reads each object again, and fails with an *apply.StaleError if
// the change is not the same any more. After an error it continues with the next object; After
// stays nil for objects that were not changed.
func Apply(ctx context.Context, changes []Edited) ([]Edited, error) {
	for i := range changes {
		changes[i].After = nil
	}
	return each(changes, func(one Edited) (Edited, error) {
		live, err := one.editor.Get(ctx, one.Kind, one.Change.Live.GetName())
		if err != nil {
			return one, err
		}
		now, err := one.Change.Renew(live)
		if err != nil {
			return one, err
		}
		one.After, err = one.editor.client.Apply(ctx, resourceOf(one.Kind), now)
		return one, err
	})
}

// each calls do for every change that is not empty, and continues after an error.
func each(changes []Edited, do func(Edited) (Edited, error)) ([]Edited, error) {
	var failures []error
	for i, one := range changes {
		if one.Change.Empty() {
			continue
		}
		done, err := do(one)
		if err != nil {
			failures = append(failures, err)
		}
		changes[i] = done
	}
	return changes, errors.Join(failures...)
}
