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
}

// Puller gets charts from their repositories, each once. It is safe for concurrent use.
type Puller struct {
	Registry Registry
	Client   *http.Client
	CacheDir string // where pulled charts are kept; "" for nowhere

	mu    sync.Mutex
	known map[string]*pulled
	down  map[string]error // hosts that could not be reached
}

type pulled struct {
	once  sync.Once
	chart *Chart
	err   error
}

// Pull returns a chart.
func (p *Puller) Pull(ctx context.Context, source Source) (*Chart, error) {
	key := source.URL + "\n" + source.Name + "\n" + source.Version
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
		known.chart, known.err = p.pull(ctx, key, source)
		if known.err != nil {
			known.err = fmt.Errorf("chart %s %s of %s: %w", source.Name, source.Version, withoutUser(source.URL), known.err)
		}
	})
	return known.chart, known.err
}

func (p *Puller) pull(ctx context.Context, key string, source Source) (*Chart, error) {
	kept := cache{p.CacheDir}
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
	if err := p.unreachable(address.Host); err != nil {
		return nil, err
	}
	data, err := p.fetch(ctx, address, source)
	if err != nil {
		return nil, p.noted(address.Host, err)
	}
	c, err := FromArchive(data)
	if err != nil {
		return nil, err
	}
	_ = kept.put(key, data) // what is not kept is pulled again
	return c, nil
}

func (p *Puller) fetch(ctx context.Context, address *url.URL, source Source) ([]byte, error) {
	switch address.Scheme {
	case "oci":
		ref, err := source.ref()
		if err != nil {
			return nil, err
		}
		return p.Registry.Chart(ctx, ref, source.Access)
	case "http", "https":
		return repository{p.Client, address, source.Access}.chart(ctx, source.Name, source.Version)
	case "file":
		return nil, errors.New("it is in another directory; run 'helm dependency build' first")
	default:
		return nil, fmt.Errorf("charts cannot be pulled from %q", address.Scheme)
	}
}

// unreachable returns why a host could not be reached before.
func (p *Puller) unreachable(host string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.down[host]
}

// noted remembers that a host cannot be reached.
func (p *Puller) noted(host string, err error) error {
	var request *url.Error
	if p.Registry.Unreachable(err) || errors.As(err, &request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.down[host] = err
	}
	return err
}

// withoutUser takes credentials out of an address.
func withoutUser(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be read"
	}
	parsed.User, parsed.RawQuery = nil, ""
	return parsed.String()
}
