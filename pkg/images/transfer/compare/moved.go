package compare

import "context"

// relocate makes the place that the image has moved to its source, if err says that it is
// gone from its own. It returns err, or a *failure.MovedError, if there is no such place.
func (i *Image) relocate(ctx context.Context, err error) error {
	if i.run.Elsewhere == nil || i.Moved != nil {
		return err
	}
	source, move, err := i.run.Elsewhere(ctx, i, i.pinned(), err)
	if err != nil {
		return err
	}
	i.Source, i.Moved = source, &move
	return nil
}
