package registry

import (
	"cmp"
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Find returns the digest of a reference at its source, after the registry map. If the
// image is gone from its source, Find returns the digest at its new repository, and the
// move; otherwise moved is nil.
func (r *Client) Find(ctx context.Context, ref images.Ref) (digest string, moved *images.Move, err error) {
	digest, err = r.digest(ctx, ref, cmp.Or(ref.Digest, ref.Tag))
	if err == nil {
		return digest, nil, nil
	}
	move, err := r.Elsewhere(ref, ref.Digest, err, func(at images.Ref, id string) (err error) {
		digest, err = r.digest(ctx, at, id)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return digest, &move, nil
}

// Elsewhere searches the known new repositories of an image that is gone from its source.
// want is the required digest, or "" for any digest; gone is the error of the original
// source. look asks a repository for a tag or a digest; its last successful call has found
// the image. If no repository has the image, the error is gone or a *failure.MovedError.
func (r *Client) Elsewhere(ref images.Ref, want string, gone error, look func(at images.Ref, id string) error) (images.Move, error) {
	if !failure.IsGone(gone) || r.cfg.Moves == nil {
		return images.Move{}, gone
	}
	for _, move := range r.cfg.Moves(ref) {
		err := lookFor(move.To, want, look)
		if err == nil {
			return move, nil
		}
		gone = &failure.MovedError{Gone: gone, Move: move, Err: err}
	}
	return images.Move{}, gone
}

// lookFor returns nil if a repository has the required digest or, if want is empty, the
// tag.
func lookFor(at images.Ref, want string, look func(images.Ref, string) error) error {
	err := look(at, cmp.Or(want, at.Tag))
	if want == "" || at.Tag == "" || !failure.IsGone(err) || look(at, at.Tag) != nil {
		return err
	}
	return &failure.RejectedError{
		As:     images.ClassDigest,
		Msg:    fmt.Sprintf("tag %s has another digest than %s", at.Tag, want),
		Advice: "check the image in the new repository; if you accept it, write the image list again with 'images --digests'. An image that is referred to by digest cannot be copied from the new repository: leave it out of the list",
	}
}
