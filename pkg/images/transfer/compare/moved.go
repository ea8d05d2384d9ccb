package compare

import "context"

// relocate sets the source to the new repository of the image, if err says that the image
// is gone. It returns err, or a *failure.MovedError, if that fails.
func (i *Pair) relocate(ctx context.Context, err error) error {
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
