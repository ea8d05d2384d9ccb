package repository

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// known is what is known of what a registry can do.
type known int

const (
	unknown known = iota
	yes
	no
)

// misses is after how many mounts that were passed over a registry counts as one that
// cannot mount.
const misses = 2

// Traits is what a run has learned about a target registry.
type Traits struct {
	mu     sync.Mutex
	self   known // a mount of a blob from its own repository tells whether it is there
	cross  known // a mount from another repository works
	sparse known // an index may refer to what is not there
	missed int
}

func (t *Traits) get(of *known) known {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *of
}

func (t *Traits) set(of *known, to known) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*of = to
}

// TakesSparse tells whether an index may refer to what is not there, as far as is known.
func (t *Traits) TakesSparse() bool { return t.get(&t.sparse) != no }

// RefusesSparse notes that an index must not refer to what is not there.
func (t *Traits) RefusesSparse() { t.set(&t.sparse, no) }

// miss notes a mount that was passed over.
func (t *Traits) miss() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missed++; t.missed >= misses && t.cross == unknown {
		t.cross = no
	}
}

// Claim is how far a blob has come in a repository.
type Claim struct {
	There    bool
	Mounted  bool   // there, because it was mounted
	Location string // of the upload, empty if none was started
	Offset   int64  // how much of it has arrived
	Broken   bool   // the upload broke off: its offset must be asked for
}

// Claim tells whether the repository has a blob, mounts it from another one, or starts
// an upload, with as few requests as the registry is known to allow: one, if it can
// mount. Registries that cannot are asked for the blob first.
func (s *Session) Claim(ctx context.Context, desc v1.Descriptor, from string, t *Traits) (Claim, error) {
	if from != "" && t.get(&t.cross) != no {
		c, err := s.mount(ctx, desc, from, t)
		if err != nil || c.There || c.Location != "" {
			return c, err
		}
	}
	if from == "" && t.get(&t.self) == yes {
		c, err := s.start(ctx, desc, s.repo.RepositoryStr())
		if !failure.IsRefusal(err) {
			return c, err
		}
		t.set(&t.self, no)
	}
	there, err := s.Exists(ctx, desc)
	if err != nil || there {
		return Claim{There: there}, err
	}
	return s.start(ctx, desc, "")
}

// mount mounts a blob from another repository. The claim is empty if the registry
// refuses that, which some do if they do not like the name, or the account may not read
// there.
func (s *Session) mount(ctx context.Context, desc v1.Descriptor, from string, t *Traits) (Claim, error) {
	c, err := s.start(ctx, desc, from)
	switch {
	case failure.IsRefusal(err):
		t.miss()
		return Claim{}, nil
	case err != nil:
		return Claim{}, err
	case c.There:
		t.set(&t.cross, yes)
		c.Mounted = true
		return c, nil
	case t.get(&t.cross) == yes: // it is not there any more
		return c, nil
	}
	t.miss()
	there, err := s.Exists(ctx, desc)
	if err != nil || there {
		s.cancel(ctx, c.Location)
		return Claim{There: there}, err
	}
	return c, nil
}

// start starts an upload, unless the blob can be mounted from a repository.
func (s *Session) start(ctx context.Context, desc v1.Descriptor, from string) (Claim, error) {
	query := ""
	if from != "" {
		query = "?" + url.Values{"mount": {desc.Digest.String()}, "from": {from}}.Encode()
	}
	resp, err := s.do(ctx, http.MethodPost, "blobs", "uploads/"+query)
	if err != nil {
		return Claim{}, err
	}
	defer resp.Body.Close()
	if from != "" && resp.StatusCode == http.StatusCreated {
		return Claim{There: true}, nil
	}
	if err := transport.CheckError(resp, http.StatusAccepted); err != nil {
		return Claim{}, err
	}
	at, err := nextPart(resp)
	if err == nil && at == "" {
		err = errors.New("the registry started an upload without saying where it goes")
	}
	return Claim{Location: at}, err
}

// Exists tells whether the repository has a blob.
func (s *Session) Exists(ctx context.Context, desc v1.Descriptor) (bool, error) {
	resp, err := s.do(ctx, http.MethodHead, "blobs", desc.Digest.String())
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return false, nil
	}
	return true, transport.CheckError(resp, http.StatusOK)
}

// Probe finds out with a blob that was just uploaded whether the registry answers mounts
// from the same repository, which replace asking whether a blob is there.
func (s *Session) Probe(ctx context.Context, desc v1.Descriptor, t *Traits) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.self != unknown {
		return nil
	}
	c, err := s.start(ctx, desc, s.repo.RepositoryStr())
	switch {
	case err != nil && !failure.IsRefusal(err):
		return nil // another blob will tell
	case err == nil && c.There:
		t.self = yes
	default:
		t.self = no
		s.cancel(ctx, c.Location)
	}
	return nil
}

// cancel gives up an upload. Registries forget it by themselves if they cannot do that, and
// nothing is deleted at a server that a registry names.
func (s *Session) cancel(ctx context.Context, location string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, location, nil)
	if err != nil || !s.isOwn(req.URL) {
		return
	}
	if resp, err := s.http.Do(req); err == nil {
		resp.Body.Close()
	}
}

// CheckUpload returns an error if the repository cannot be pushed to.
func (s *Session) CheckUpload(ctx context.Context) error {
	c, err := s.start(ctx, v1.Descriptor{}, "")
	if err != nil {
		return err
	}
	s.cancel(ctx, c.Location)
	return nil
}
