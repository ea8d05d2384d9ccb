package chart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Source is where a chart is.
type Source struct {
	URL     string // of the repository: http://…, https://…, oci://…
	Name    string
	Version string
	Access  Access
}

// ref is the reference of a chart in a registry. A tag can have no +, which Helm writes
// as _ (https://helm.sh/docs/topics/registries/).
func (s Source) ref() (images.Ref, error) {
	repository, ok := strings.CutPrefix(s.URL, "oci://")
	if !ok {
		return images.Ref{}, errors.New("it is in no registry")
	}
	return images.ParseRef(strings.TrimSuffix(repository, "/") + "/" + s.Name + ":" + strings.ReplaceAll(s.Version, "+", "_"))
}

// Access is what a repository asks for. It is for the host of the repository only.
type Access struct {
	Username, Password string
	Config             []byte // docker's config.json
	Insecure           bool   // do not verify TLS certificates
	PlainHTTP          bool
}

// Registry gets packed charts from registries.
type Registry interface {
	Chart(ctx context.Context, ref images.Ref, access Access) ([]byte, error)
	// Origin returns where a reference is read.
	Origin(ref images.Ref) images.Ref
	// Unreachable tells whether an error means that nothing else on that host can be
	// reached, either.
	Unreachable(err error) bool
	// Reach says how the user lets a host be reached.
	Reach(host string) Reach
}

// Reach is how the user lets a host be reached.
type Reach int

// How hosts are reached.
const (
	Verified   Reach = iota // over TLS with a verified certificate
	Unverified              // over plain HTTP, or with any certificate
	Local                   // it is this machine: nobody is in between
)

// Puller gets charts from their repositories, each once with the same access. It is safe for
// concurrent use.
type Puller struct {
	Registry Registry
	Client   *http.Client
	CacheDir string // where charts are kept whose origin was verified; "" for nowhere

	mu    sync.Mutex
	known map[string]*pulled
	down  map[string]error // hosts that could not be reached, and how
}

type pulled struct {
	once  sync.Once
	chart *Chart
	err   error
}

// Pull returns a chart.
func (p *Puller) Pull(ctx context.Context, source Source) (*Chart, error) {
	key, err := digest(source)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.known == nil {
		p.known, p.down = map[string]*pulled{}, map[string]error{}
	}
	known, ok := p.known[key]
	if !ok {
		known = &pulled{}
		p.known[key] = known
	}
	p.mu.Unlock()
	known.once.Do(func() {
		known.chart, known.err = p.pull(ctx, source)
		if known.err != nil {
			known.err = fmt.Errorf("chart %s %s of %s: %w", source.Name, source.Version, withoutUser(source.URL), known.err)
		}
	})
	return known.chart, known.err
}

func (p *Puller) pull(ctx context.Context, source Source) (*Chart, error) {
	kept, key := cache{p.CacheDir}, source.URL+"\n"+source.Name+"\n"+source.Version
	if ref, err := source.ref(); err == nil {
		key = "oci://" + p.Registry.Origin(ref).String() // a stand-in is not kept as the original
	}
	if data := kept.get(key); data != nil {
		return FromArchive(data)
	}
	address, err := url.Parse(source.URL)
	if err != nil {
		return nil, errors.New("its address cannot be read")
	}
	way := fmt.Sprint(address.Scheme, " ", address.Host, source.Access.Insecure, source.Access.PlainHTTP)
	if err := p.unreachable(way); err != nil {
		return nil, &hostError{err}
	}
	data, verified, err := p.fetch(ctx, address, source)
	if err != nil {
		return nil, p.noted(way, err)
	}
	c, err := FromArchive(data)
	if err != nil {
		return nil, err
	}
	if verified {
		_ = kept.put(key, data) // what is not kept is pulled again
	}
	return c, nil
}

// fetch returns a packed chart, and whether it is proved to come from where it should.
func (p *Puller) fetch(ctx context.Context, address *url.URL, source Source) (data []byte, verified bool, err error) {
	switch address.Scheme {
	case "oci":
		ref, err := source.ref()
		if err != nil {
			return nil, false, err
		}
		data, err := p.Registry.Chart(ctx, ref, source.Access)
		return data, p.verifiedRegistry(ref, source.Access), err
	case "http", "https":
		return repository{client: p.Client, address: address, access: source.Access, reach: p.Registry.Reach}.chart(ctx, source.Name, source.Version)
	case "file":
		return nil, false, errors.New("it is in another directory; run 'helm dependency build' first")
	default:
		return nil, false, fmt.Errorf("charts cannot be pulled from %q", address.Scheme)
	}
}

// verifiedRegistry tells whether the registry of a chart must prove that it is the one. What
// the source allows holds for its own host, not for one that stands in.
func (p *Puller) verifiedRegistry(ref images.Ref, access Access) bool {
	origin := p.Registry.Origin(ref)
	reach := p.Registry.Reach(origin.Registry)
	return reach == Local || reach == Verified && (origin.Registry != ref.Registry || !access.Insecure && !access.PlainHTTP)
}

// unreachable returns why a host could not be reached before in the same way.
func (p *Puller) unreachable(way string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down[way]
}

// noted remembers that a host cannot be reached in some way.
func (p *Puller) noted(way string, err error) error {
	var request *url.Error
	if p.Registry.Unreachable(err) || errors.As(err, &request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.down[way] = err
	}
	return err
}

// hostError says that the pull of another chart could not reach the host.
type hostError struct{ err error }

// Error gives the reason without the other chart.
func (e *hostError) Error() string {
	const text = "its host could not be reached before"
	var common interface{ Cause() string } // for all requests to a host
	var request *url.Error
	switch {
	case errors.As(e.err, &common):
		return text + ": " + common.Cause()
	case errors.As(e.err, &request):
		return text + ": " + request.Err.Error()
	default:
		return text
	}
}

func (e *hostError) Unwrap() error { return e.err }

// withoutUser takes credentials out of an address.
func withoutUser(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	parsed.User, parsed.RawQuery = nil, ""
	return parsed.String()
}
