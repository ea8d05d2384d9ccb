package access

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/mapping"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/repository"
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

// Chart returns a packed Helm chart from its registry, through the mappings. It is asked
// for once: what cannot be reached is found out fast.
func (r *Registries) Chart(ctx context.Context, ref images.Ref, access ChartAccess) ([]byte, error) {
	r, err := r.with(ref.Registry, access)
	if err != nil {
		return nil, err
	}
	at, err := r.Source(ref)
	if err != nil {
		return nil, err
	}
	var data []byte
	err = at.With(ctx, func(ctx context.Context, s *repository.Session) error {
		data, err = chartOf(ctx, s, ref.Version())
		return err
	})
	return data, at.Wrap("", err)
}

// Origin returns where a reference is read, through the mappings.
func (r *Registries) Origin(ref images.Ref) images.Ref {
	at, _ := mapping.Apply(r.cfg.Mappings, ref)
	return at
}

// HTTPClient returns a client that reaches servers as registries are reached, for chart
// repositories that are none. It has no credentials.
func (r *Registries) HTTPClient() *http.Client {
	return &http.Client{Transport: transport.NewUserAgent(r.traced, r.cfg.UserAgent)}
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
			return nil, &faults.RefusalError{Class: images.ClassPolicy, Msg: fmt.Sprintf("the chart is larger than %d MiB", chartLimit>>20)}
		}
		body, err := s.Blob(ctx, desc)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	}
	return nil, &faults.RefusalError{Class: images.ClassPolicy, Msg: "it is not a Helm chart", Remedy: "check name and version of the chart"}
}

// with returns registries with further access to one host.
func (r *Registries) with(host string, access ChartAccess) (*Registries, error) {
	if access.Username == "" && len(access.Config) == 0 && !access.Insecure && !access.PlainHTTP {
		return r, nil
	}
	cfg := r.cfg
	cfg.Keychain = r.keychain()
	cfg.Insecure = cfg.Insecure || access.Insecure
	if access.PlainHTTP {
		cfg.PlainHTTP = append([]string{host}, cfg.PlainHTTP...)
	}
	keychains, err := access.keychains(host)
	if err != nil {
		return nil, err
	}
	cfg.Keychain = authn.NewMultiKeychain(append(keychains, cfg.Keychain)...)
	return New(cfg), nil
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
