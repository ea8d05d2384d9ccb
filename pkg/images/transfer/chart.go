package transfer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
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
	at, err := r.source(ref)
	if err != nil {
		return nil, err
	}
	var data []byte
	err = at.with(ctx, func(ctx context.Context, s *session) error {
		data, err = s.chart(ctx, ref.Version())
		return err
	})
	return data, at.wrap("", err)
}

// Origin returns where a reference is read, through the mappings.
func (r *Registries) Origin(ref images.Ref) images.Ref {
	at, _ := r.cfg.mapped(ref)
	return at
}

// HTTPClient returns a client that reaches servers as registries are reached, for chart
// repositories that are none. It has no credentials.
func (r *Registries) HTTPClient() *http.Client {
	return &http.Client{Transport: transport.NewUserAgent(r.base, r.cfg.UserAgent)}
}

// chart reads the layer that is the chart.
func (s *session) chart(ctx context.Context, tag string) ([]byte, error) {
	m, err := s.manifest(ctx, tag)
	if err != nil {
		return nil, err
	}
	var content v1.Manifest
	if err := json.Unmarshal(m.raw, &content); err != nil {
		return nil, err
	}
	for _, desc := range content.Layers {
		if desc.MediaType != chartLayer {
			continue
		}
		if desc.Size > chartLimit {
			return nil, &refusalError{class: images.ClassPolicy, msg: fmt.Sprintf("the chart is larger than %d MiB", chartLimit>>20)}
		}
		body, err := s.blob(ctx, desc)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	}
	return nil, &refusalError{class: images.ClassPolicy, msg: "it is not a Helm chart", remedy: "check name and version of the chart"}
}

// with returns registries with further access to one host.
func (r *Registries) with(host string, access ChartAccess) (*Registries, error) {
	if access.Username == "" && len(access.Config) == 0 && !access.Insecure && !access.PlainHTTP {
		return r, nil
	}
	cfg := r.cfg
	cfg.Insecure = cfg.Insecure || access.Insecure
	if access.PlainHTTP {
		cfg.PlainHTTP = append([]string{host}, cfg.PlainHTTP...)
	}
	own, err := access.keychain(host)
	if err != nil {
		return nil, err
	}
	cfg.Keychain = authn.NewMultiKeychain(own, cfg.Keychain)
	return NewRegistries(cfg), nil
}

// keychain has the credentials, each for the host that it was issued for.
func (a ChartAccess) keychain(host string) (authn.Keychain, error) {
	file := configfile.New("")
	if len(a.Config) > 0 {
		if err := file.LoadFromReader(bytes.NewReader(a.Config)); err != nil {
			return nil, fmt.Errorf("the registry configuration of the chart: %w", err)
		}
		file.CredentialHelpers, file.CredentialsStore = nil, "" // programs are not run for a Secret
	}
	if a.Username != "" {
		file.AuthConfigs[host] = types.AuthConfig{Username: a.Username, Password: a.Password}
	}
	return &keychain{loaded: true, files: []*configfile.ConfigFile{file}, asked: map[string]types.AuthConfig{}}, nil
}
