package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// endpoint is one side of a copy: a repository, and what it is wanted for.
type endpoint struct {
	r     *Registries
	repo  name.Repository
	label string // how messages name it
	push  bool
}

// source is where a reference is pulled from.
func (r *Registries) source(ref images.Ref) (endpoint, error) {
	at, mapped := r.cfg.mapped(ref)
	e := endpoint{r: r, label: ref.String()}
	if mapped {
		e.label += " through " + at.Name()
	}
	repo, err := r.repository(at)
	if err != nil {
		return e, e.wrap("", err)
	}
	e.repo = repo
	return e, nil
}

// target is where a reference is pushed to.
func (r *Registries) target(ref images.Ref) (endpoint, error) {
	e := endpoint{r: r, label: ref.String(), push: true}
	repo, err := r.repository(ref)
	if err != nil {
		return e, e.wrap("", err)
	}
	e.repo = repo
	return e, nil
}

func (r *Registries) repository(ref images.Ref) (name.Repository, error) {
	var opts []name.Option
	if r.mayBePlain(ref.Registry) {
		opts = append(opts, name.Insecure)
	}
	repo, err := name.NewRepository(ref.Name(), opts...)
	if err != nil {
		return repo, &refusalError{class: images.ClassPolicy, msg: fmt.Sprintf("%s is not a name that a registry can have", ref.Name()), remedy: "check the prefix and the --registry-map"}
	}
	return repo, nil
}

// wrap says what was tried; an error that says so already stays as it is.
func (e endpoint) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var step *stepError
	if errors.As(err, &step) {
		return step
	}
	doing := "pulling"
	if e.push {
		doing = "pushing"
	}
	return &stepError{doing: doing, where: e.label, what: what, push: e.push, err: err}
}

type sessionKey struct {
	repo name.Repository
	push bool
}

// session is an authenticated way to one repository. One that pushes may pull, too.
type session struct {
	mu     sync.Mutex
	repo   name.Repository
	client *http.Client
}

// session returns the session with the endpoint's repository, and opens it if it is
// the first to ask. A session that could not be opened is tried again by the next.
func (e endpoint) session(ctx context.Context) (*session, error) {
	key := sessionKey{e.repo, e.push}
	e.r.mu.Lock()
	s, ok := e.r.sessions[key]
	if !ok {
		s = &session{repo: e.repo}
		e.r.sessions[key] = s
	}
	e.r.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s, nil
	}
	return s, s.open(ctx, e)
}

func (s *session) open(ctx context.Context, e endpoint) error {
	auth, err := authn.Resolve(ctx, e.r.keychain(), e.repo)
	if err != nil {
		return &refusalError{class: images.ClassAuth, msg: fmt.Sprintf("credentials for %s: %s", e.repo.RegistryStr(), redact(err.Error()))}
	}
	access := transport.PullScope
	if e.push {
		access = transport.PushScope
	}
	rt, err := transport.NewWithContext(ctx, e.repo.Registry, auth, e.r.transport, []string{e.repo.Scope(access)})
	if err != nil {
		return err
	}
	s.client = &http.Client{Transport: rt}
	return nil
}

// url is the address of something in the repository.
func (s *session) url(kind, id string) string {
	return fmt.Sprintf("%s://%s/v2/%s/%s/%s", s.repo.Scheme(), s.repo.RegistryStr(), s.repo.RepositoryStr(), kind, id)
}
