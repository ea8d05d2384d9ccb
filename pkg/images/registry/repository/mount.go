package repository

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// begin mounts a blob, or finds that the repository has the blob, or starts an upload. It
// uses as few requests as the known capabilities of the registry allow: one if the registry
// can mount, otherwise a HEAD first. from is another repository that may have the blob, or
// "".
func (s *Session) begin(ctx context.Context, desc v1.Descriptor, from string, can *Capabilities, u *UploadSession) (storage.Pushed, error) {
	if from != "" && can.get(&can.cross) != no {
		pushed, err := s.mount(ctx, desc, from, can, u)
		if err != nil || pushed != storage.Uploaded || u.started() {
			return pushed, err
		}
	}
	if from == "" && can.get(&can.self) == yes {
		there, err := s.start(ctx, desc, s.repo.RepositoryStr(), u)
		if !failure.IsRefusal(err) {
			return existed(there), err
		}
		can.set(&can.self, no)
	}
	there, err := s.Exists(ctx, desc)
	if err != nil || there {
		return existed(there), err
	}
	_, err = s.start(ctx, desc, "", u)
	return storage.Uploaded, err
}

// existed returns the result for a blob that exists, or that must be uploaded.
func existed(there bool) storage.Pushed {
	if there {
		return storage.Existed
	}
	return storage.Uploaded
}

// mount mounts a blob from another repository. If the registry refuses the mount (some
// refuse a repository name, or lack read permission there), no upload is started.
func (s *Session) mount(ctx context.Context, desc v1.Descriptor, from string, can *Capabilities, u *UploadSession) (storage.Pushed, error) {
	mounted, err := s.start(ctx, desc, from, u)
	switch {
	case failure.IsRefusal(err):
		can.ignoredMount()
		return storage.Uploaded, nil
	case err != nil:
		return storage.Uploaded, err
	case mounted:
		can.set(&can.cross, yes)
		return storage.Mounted, nil
	case can.get(&can.cross) == yes: // from no longer has the blob
		return storage.Uploaded, nil
	}
	can.ignoredMount()
	there, err := s.Exists(ctx, desc)
	if err != nil || there {
		s.cancel(ctx, u)
	}
	return existed(there), err
}

// learnSelfMount tests, with a blob that was just uploaded, whether the registry answers
// mounts from the same repository. Such a mount replaces the HEAD request for a blob.
func (s *Session) learnSelfMount(ctx context.Context, desc v1.Descriptor, can *Capabilities) {
	can.mu.Lock()
	defer can.mu.Unlock()
	if can.self != unknown {
		return
	}
	var u UploadSession
	there, err := s.start(ctx, desc, s.repo.RepositoryStr(), &u)
	switch {
	case err != nil && !failure.IsRefusal(err):
		// unknown: the next blob tests again
	case there:
		can.self = yes
	default:
		can.self = no
		s.cancel(ctx, &u)
	}
}
