package transfer

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
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

// traits is what a run has learned about a target registry.
type traits struct {
	mu     sync.Mutex
	self   known // a mount of a blob from its own repository tells whether it is there
	cross  known // a mount from another repository works
	sparse known // an index may refer to what is not there
	missed int
}

func (t *traits) get(of *known) known {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *of
}

func (t *traits) set(of *known, to known) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*of = to
}

// miss notes a mount that was passed over.
func (t *traits) miss() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missed++; t.missed >= misses && t.cross == unknown {
		t.cross = no
	}
}

// claim tells whether the repository has a blob, mounts it from another one, or starts
// an upload, with as few requests as the registry is known to allow: one, if it can
// mount. Registries that cannot are asked for the blob first.
func (s *session) claim(ctx context.Context, desc v1.Descriptor, from string, t *traits) (claim, error) {
	if from != "" && t.get(&t.cross) != no {
		c, err := s.mount(ctx, desc, from, t)
		if err != nil || c.there || c.location != "" {
			return c, err
		}
	}
	if from == "" && t.get(&t.self) == yes {
		c, err := s.start(ctx, desc, s.repo.RepositoryStr())
		if !isRefusal(err) {
			return c, err
		}
		t.set(&t.self, no)
	}
	there, err := s.exists(ctx, desc)
	if err != nil || there {
		return claim{there: there}, err
	}
	return s.start(ctx, desc, "")
}

// mount mounts a blob from another repository. The claim is empty if the registry
// refuses that, which some do if they do not like the name, or the account may not read
// there.
func (s *session) mount(ctx context.Context, desc v1.Descriptor, from string, t *traits) (claim, error) {
	c, err := s.start(ctx, desc, from)
	switch {
	case isRefusal(err):
		t.miss()
		return claim{}, nil
	case err != nil:
		return claim{}, err
	case c.there:
		t.set(&t.cross, yes)
		c.mounted = true
		return c, nil
	case t.get(&t.cross) == yes: // it is not there any more
		return c, nil
	}
	t.miss()
	there, err := s.exists(ctx, desc)
	if err != nil || there {
		s.cancel(ctx, c.location)
		return claim{there: there}, err
	}
	return c, nil
}

// start starts an upload, unless the blob can be mounted from a repository.
func (s *session) start(ctx context.Context, desc v1.Descriptor, from string) (claim, error) {
	query := ""
	if from != "" {
		query = "?" + url.Values{"mount": {desc.Digest.String()}, "from": {from}}.Encode()
	}
	resp, err := s.do(ctx, http.MethodPost, "blobs", "uploads/"+query)
	if err != nil {
		return claim{}, err
	}
	defer resp.Body.Close()
	if from != "" && resp.StatusCode == http.StatusCreated {
		return claim{there: true}, nil
	}
	if err := transport.CheckError(resp, http.StatusAccepted); err != nil {
		return claim{}, err
	}
	location, err := resp.Location()
	if err != nil {
		return claim{}, errors.New("the registry started an upload without saying where it goes")
	}
	return claim{location: location.String()}, nil
}

// exists tells whether the repository has a blob.
func (s *session) exists(ctx context.Context, desc v1.Descriptor) (bool, error) {
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

// probe finds out with a blob that was just uploaded whether the registry answers mounts
// from the same repository, which replace asking whether a blob is there.
func (s *session) probe(ctx context.Context, desc v1.Descriptor, t *traits) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.self != unknown {
		return nil
	}
	c, err := s.start(ctx, desc, s.repo.RepositoryStr())
	switch {
	case err != nil && !isRefusal(err):
		return nil // another blob will tell
	case err == nil && c.there:
		t.self = yes
	default:
		t.self = no
		s.cancel(ctx, c.location)
	}
	return nil
}

// cancel gives up an upload. Registries forget it by themselves if they cannot do that.
func (s *session) cancel(ctx context.Context, location string) {
	if location == "" {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, location, nil)
	if err != nil {
		return
	}
	if resp, err := s.client.Do(req); err == nil {
		resp.Body.Close()
	}
}

// isRefusal tells whether a registry answered that it will not do that.
func isRefusal(err error) bool {
	var status *transport.Error
	return errors.As(err, &status) && status.StatusCode < http.StatusInternalServerError && !isTransientStatus(status.StatusCode)
}
