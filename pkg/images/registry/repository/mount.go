package repository

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// begin makes a blob be in the repository without its content, or else starts an upload:
// with as few requests as the registry is known to allow, which is one if it can mount.
// Registries that cannot are asked for the blob first. from is another repository that may
// have it, "" for none.
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

// existed is what has to be done for a blob that is there, or not.
func existed(there bool) storage.Pushed {
	if there {
		return storage.Existed
	}
	return storage.Uploaded
}

// mount mounts a blob from another repository. No upload is started if the registry refuses
// that, which some do if they do not like the name, or the account may not read there.
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
	case can.get(&can.cross) == yes: // it is not there any more
		return storage.Uploaded, nil
	}
	can.ignoredMount()
	there, err := s.Exists(ctx, desc)
	if err != nil || there {
		s.cancel(ctx, u)
	}
	return existed(there), err
}

// learnSelfMount finds out with a blob that was just uploaded whether the registry answers
// mounts from the same repository, which replace asking whether a blob is there.
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
		// another blob will tell
	case there:
		can.self = yes
	default:
		can.self = no
		s.cancel(ctx, &u)
	}
}
