package registry

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Endpoint is a repository, with the operation for which it is used.
type Endpoint struct {
	r     *Client
	Repo  name.Repository
	label string // name in messages
	Push  bool

	mapped bool // the registry map has replaced the registry
}

// Source returns the endpoint from which a reference is pulled, after the registry map.
func (r *Client) Source(ref images.Ref) (Endpoint, error) {
	at, mapped := rewrite.Apply(r.cfg.Rewrite, ref)
	e := Endpoint{r: r, label: ref.String(), mapped: mapped}
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

// Target returns the endpoint to which a reference is pushed.
func (r *Client) Target(ref images.Ref) (Endpoint, error) {
	e := Endpoint{r: r, label: ref.String(), Push: true}
	repo, err := r.repository(ref)
	if err != nil {
		return e, e.Wrap("", err)
	}
	e.Repo = repo
	return e, nil
}

func (r *Client) repository(ref images.Ref) (name.Repository, error) {
	var opts []name.Option
	if r.mayBePlain(ref.Registry) {
		opts = append(opts, name.Insecure)
	}
	repo, err := name.NewRepository(ref.Name(), opts...)
	if err != nil {
		return repo, &failure.RejectedError{As: images.ClassPolicy, Msg: fmt.Sprintf("%s is not a valid repository name", ref.Name()), Advice: "check the prefix of the target, and --registry-map"}
	}
	return repo, nil
}

// Location returns the location of the endpoint, for errors and queues.
func (e Endpoint) Location() storage.Location {
	l := storage.Location{Label: e.label, Doing: "pulling", Write: e.Push}
	if e.Push {
		l.Doing = "pushing"
	}
	if e.Repo != (name.Repository{}) {
		l.Name, l.Registry = e.Repo.Name(), e.Repo.RegistryStr()
		l.Queue = strings.TrimSuffix(l.Doing, "ing") + " " + l.Registry
	}
	return l
}

// Wrap adds the operation and the reference to an error, unless the error has them already.
func (e Endpoint) Wrap(what string, err error) error { return e.Location().Wrap(what, err) }
