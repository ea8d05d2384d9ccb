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

// Source is the location of a chart.
type Source struct {
	URL     string // of the repository: http://…, https://…, oci://…
	Name    string
	Version string
	Access  Access
}

// ref returns the reference of a chart in a registry. A tag cannot contain +, so Helm writes _
// (https://helm.sh/docs/topics/registries/).
func (s Source) ref() (images.Ref, error) {
	repository, ok := strings.CutPrefix(s.URL, "oci://")
	if !ok {
		return images.Ref{}, errors.New("it is in no registry")
	}
	return images.ParseRef(strings.TrimSuffix(repository, "/") + "/" + s.Name + ":" + strings.ReplaceAll(s.Version, "+", "_"))
}

// Access is the credentials and TLS options for the host of a repository.
type Access struct {
	Username, Password string
	Config             []byte // docker's config.json
	Insecure           bool   // do not verify TLS certificates
	PlainHTTP          bool
}

// Registry pulls packed charts from registries.
type Registry interface {
	Chart(ctx context.Context, ref images.Ref, access Access) ([]byte, error)
	// Origin returns the reference that is really pulled, after the registry map.
	Origin(ref images.Ref) images.Ref
	// Unreachable reports whether an error means that the host as a whole is unreachable.
	Unreachable(err error) bool
	// Reach returns how the user allows connections to a host.
	Reach(host string) Reach
}

// Reach is how the user allows connections to a host.
type Reach int

// The kinds of connections.
const (
	Verified   Reach = iota // TLS with a verified certificate
	Unverified              // plain HTTP, or TLS without verification
	Local                   // the host is this machine
)

// Puller pulls charts from repositories, and each chart once with the same access. It is safe
// for concurrent use.
type Puller struct {
	Registry Registry
	Client   *http.Client
	CacheDir string // cache for charts from verified hosts; "": no cache

	mu    sync.Mutex
	known map[string]*pulled
	down  map[string]error // errors of unreachable hosts, by host and kind of connection
}

type pulled struct {
	once  sync.Once
	chart *Chart
	err   error
}

// Pull returns a chart, from the cache or from its repository.
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
		key = "oci://" + p.Registry.Origin(ref).String() // a chart from another registry has another key
	}
	if data := kept.get(key); data != nil {
		return FromArchive(data)
	}
	address, err := url.Parse(source.URL)
	if err != nil {
		return nil, errors.New("the address of the repository is not valid")
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
		_ = kept.put(key, data) // without an entry, the chart is pulled again
	}
	return c, nil
}

// fetch returns a packed chart, and whether the identity of its host was verified.
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
		return nil, false, errors.New("the chart is in a local directory; run 'helm dependency build' first")
	default:
		return nil, false, fmt.Errorf("charts cannot be pulled from %q addresses", address.Scheme)
	}
}

// verifiedRegistry reports whether the identity of the registry is verified. The options of the
// source are only for its own host, not for a host of the registry map.
func (p *Puller) verifiedRegistry(ref images.Ref, access Access) bool {
	origin := p.Registry.Origin(ref)
	reach := p.Registry.Reach(origin.Registry)
	return reach == Local || reach == Verified && (origin.Registry != ref.Registry || !access.Insecure && !access.PlainHTTP)
}

// unreachable returns the earlier error of a host with the same kind of connection.
func (p *Puller) unreachable(way string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down[way]
}

// noted stores that a host is unreachable with this kind of connection.
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
	const text = "not tried again, because the host could not be reached before"
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

// withoutUser removes credentials from an address.
func withoutUser(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that is not valid"
	}
	parsed.User, parsed.RawQuery = nil, ""
	return parsed.String()
}
