package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// chartLayer is the media type of the layer that is a packed Helm chart
// (https://helm.sh/docs/topics/registries/).
const chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// chartLimit is the largest packed chart that is read.
const chartLimit = 64 << 20

// ChartAccess is what a chart's registry wants beside what every registry gets.
type ChartAccess struct {
	Username, Password string // for the host of the chart only
	Config             []byte // docker's config.json
	Insecure           bool
	PlainHTTP          bool
}

// credentials tells whether there are any.
func (a ChartAccess) credentials() bool { return a.Username != "" || len(a.Config) > 0 }

// Chart returns a packed Helm chart from its registry, through the mappings, or from where
// it has moved to. It is asked for once: what cannot be reached is found out fast.
func (r *Registries) Chart(ctx context.Context, ref images.Ref, access ChartAccess) ([]byte, error) {
	if r.Origin(ref).Registry != ref.Registry {
		access = ChartAccess{} // which is for a host that is not asked
	}
	data, err := r.chartWith(ctx, ref, access)
	var withheld *withheldError
	if err == nil || errors.As(err, &withheld) {
		return data, err
	}
	_, err = r.Elsewhere(ref, ref.Digest, err, func(at images.Ref, id string) (err error) {
		data, err = r.chart(ctx, at, id) // what the own place wants is for no other
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// chartWith returns a packed chart from its own place, with further access to that.
func (r *Registries) chartWith(ctx context.Context, ref images.Ref, access ChartAccess) ([]byte, error) {
	asked, withheld, err := r.with(ref.Registry, access)
	if err != nil {
		return nil, err
	}
	if asked != r {
		defer asked.Close()
	}
	data, err := asked.chart(ctx, ref, ref.Version())
	if withheld && failure.Classify(err) == images.ClassAuth {
		err = &withheldError{host: ref.Registry, err: err}
	}
	return data, err
}

// withheldError is the refusal of a host to which credentials were not sent. It does not say
// that the chart is gone.
type withheldError struct {
	host string
	err  error
}

func (e *withheldError) Error() string {
	return fmt.Sprintf("%v; no credentials were sent to %s, because only an object in the cluster wants it to be reached over plain HTTP or unverified TLS: "+
		"if you trust the way to it, name it in --plain-http or --insecure", e.err, e.host)
}

func (e *withheldError) Unwrap() error { return e.err }

// chart returns a packed chart from one place.
func (r *Registries) chart(ctx context.Context, ref images.Ref, tag string) (data []byte, err error) {
	at, err := r.Source(ref)
	if err != nil {
		return nil, err
	}
	err = at.With(ctx, func(ctx context.Context, s *repository.Session) error {
		data, err = chartOf(ctx, s, tag)
		return err
	})
	return data, at.Wrap("", err)
}

// Origin returns where a reference is read, through the mappings.
func (r *Registries) Origin(ref images.Ref) images.Ref {
	at, _ := rewrite.Apply(r.cfg.Mappings, ref)
	return at
}

// IsLocal tells whether a host is this machine.
func (r *Registries) IsLocal(host string) bool { return isLoopback(host) }

// MayBeUnverified tells whether the user lets a host be reached without a verified
// certificate: over plain HTTP or any TLS.
func (r *Registries) MayBeUnverified(host string) bool {
	return IsNamed(r.cfg.Insecure, host) || r.mayBePlain(host)
}

// HTTPClient returns a client that reaches servers as registries are reached, for chart
// repositories that are none. It has no credentials.
func (r *Registries) HTTPClient() *http.Client {
	return safehttp.NewClient(transport.NewUserAgent(r.traced, r.cfg.UserAgent))
}

// chartOf reads the layer that is the chart.
func chartOf(ctx context.Context, s *repository.Session, tag string) ([]byte, error) {
	m, err := s.Manifest(ctx, tag)
	if err != nil {
		return nil, err
	}
	var content v1.Manifest
	if err := json.Unmarshal(m.Raw, &content); err != nil {
		return nil, err
	}
	for _, desc := range content.Layers {
		if desc.MediaType != chartLayer {
			continue
		}
		if desc.Size > chartLimit {
			return nil, &failure.RefusalError{Class: images.ClassPolicy, Msg: fmt.Sprintf("the chart is larger than %d MiB", chartLimit>>20)}
		}
		body, err := s.Blob(ctx, desc)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return bounded.ReadAll(body, chartLimit)
	}
	return nil, &failure.RefusalError{Class: images.ClassPolicy, Msg: "it is not a Helm chart", Remedy: "check name and version of the chart"}
}

// with returns registries with further access to one host. Where an object in a cluster
// wants a host to be reached less safely than the user does, credentials are withheld, those
// of the object, too: whoever is in between could read them.
func (r *Registries) with(host string, access ChartAccess) (registries *Registries, withheld bool, err error) {
	insecure, plain := access.Insecure && !IsNamed(r.cfg.Insecure, host), access.PlainHTTP && !r.mayBePlain(host)
	withheld = insecure || plain
	if !withheld && !access.credentials() {
		return r, false, nil
	}
	cfg := r.cfg
	if withheld {
		cfg.Keychain = nil
		if insecure {
			cfg.Insecure = append([]string{host}, cfg.Insecure...)
		}
		if plain {
			cfg.PlainHTTP = append([]string{rewrite.HostName(host)}, cfg.PlainHTTP...)
		}
		return open(cfg, r.named), true, nil
	}
	keychains, err := access.keychains(host)
	if err != nil {
		return nil, false, err
	}
	cfg.Keychain = authn.NewMultiKeychain(append(keychains, r.keychain())...)
	return open(cfg, r.named), false, nil
}

// keychains have the credentials, each for the host that it was issued for.
func (a ChartAccess) keychains(host string) ([]authn.Keychain, error) {
	var keychains []authn.Keychain
	if a.Username != "" {
		keychains = append(keychains, credentials.Login(host, a.Username, a.Password))
	}
	if len(a.Config) > 0 {
		config, err := credentials.Read(a.Config, "the registry configuration of the chart")
		if err != nil {
			return nil, err
		}
		keychains = append(keychains, config)
	}
	return keychains, nil
}
