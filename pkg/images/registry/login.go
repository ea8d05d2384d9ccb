package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// Endpoint is one side of a copy: a repository, and what it is wanted for.
type Endpoint struct {
	r     *Registries
	Repo  name.Repository
	label string // how messages name it
	Push  bool
}

// Source is where a reference is pulled from.
func (r *Registries) Source(ref images.Ref) (Endpoint, error) {
	at, mapped := rewrite.Apply(r.cfg.Mappings, ref)
	e := Endpoint{r: r, label: ref.String()}
	if mapped {
		e.label += " through " + at.Name()
	}
	repo, err := r.repository(at)
	if err != nil {
		return e, e.Wrap("", err)
	}
	e.Repo = repo
	return e, nil
}

// Target is where a reference is pushed to.
func (r *Registries) Target(ref images.Ref) (Endpoint, error) {
	e := Endpoint{r: r, label: ref.String(), Push: true}
	repo, err := r.repository(ref)
	if err != nil {
		return e, e.Wrap("", err)
	}
	e.Repo = repo
	return e, nil
}

func (r *Registries) repository(ref images.Ref) (name.Repository, error) {
	var opts []name.Option
	if r.mayBePlain(ref.Registry) {
		opts = append(opts, name.Insecure)
	}
	repo, err := name.NewRepository(ref.Name(), opts...)
	if err != nil {
		return repo, &failure.RefusalError{Class: images.ClassPolicy, Msg: fmt.Sprintf("%s is not a name that a registry can have", ref.Name()), Remedy: "check the prefix and the --registry-map"}
	}
	return repo, nil
}

// Wrap says what was tried; an error that says so already stays as it is.
func (e Endpoint) Wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var step *failure.StepError
	if errors.As(err, &step) {
		return step
	}
	doing := "pulling"
	if e.Push {
		doing = "pushing"
	}
	return &failure.StepError{Doing: doing, Where: e.label, What: what, Push: e.Push, Err: err}
}

// sessionKey is a repository, and what it is wanted for: who may push may pull, too.
type sessionKey struct {
	repo name.Repository
	push bool
}

// opening is a session that is opened by the first who needs it.
type opening struct {
	mu      sync.Mutex
	Session *repository.Session
}

// Session returns the session with the endpoint's repository. One that could not be opened
// is tried again by the next who asks.
func (e Endpoint) session(ctx context.Context) (*repository.Session, error) {
	key := sessionKey{e.Repo, e.Push}
	e.r.mu.Lock()
	o, ok := e.r.sessions[key]
	if !ok {
		o = &opening{}
		e.r.sessions[key] = o
	}
	e.r.mu.Unlock()

	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	if o.Session == nil {
		o.Session, err = e.open(ctx)
	}
	return o.Session, err
}

// open logs in.
func (e Endpoint) open(ctx context.Context) (*repository.Session, error) {
	auth, err := authn.Resolve(ctx, e.r.keychain(), e.Repo)
	if err != nil {
		return nil, &failure.RefusalError{Class: images.ClassAuth, Msg: fmt.Sprintf("credentials for %s: %s", e.Repo.RegistryStr(), failure.Redact(err.Error()))}
	}
	access := transport.PullScope
	if e.Push {
		access = transport.PushScope
	}
	rt, err := transport.NewWithContext(ctx, e.Repo.Registry, auth, e.r.transport, []string{e.Repo.Scope(access)})
	anonymous := auth == authn.Anonymous && !e.Push
	switch {
	case err != nil && anonymous:
		return nil, failure.WithoutCredentials(err)
	case err != nil:
		return nil, err
	case anonymous:
		return repository.New(e.Repo, rt).Anonymous(), nil
	default:
		return repository.New(e.Repo, rt), nil
	}
}

// With calls send with a session.
func (e Endpoint) With(ctx context.Context, send func(context.Context, *repository.Session) error) error {
	ctx = forRegistry(ctx, e.Repo.RegistryStr())
	s, err := e.session(ctx)
	if err != nil {
		return &failure.SessionError{Host: rewrite.HostName(e.Repo.RegistryStr()), Err: err}
	}
	return send(ctx, s)
}
