package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
)

// chartLayer is the media type of the layer that is a packed Helm chart
// (https://helm.sh/docs/topics/registries/).
const chartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

// chartLimit is the maximum size of a packed chart.
const chartLimit = 64 << 20

// Chart returns a packed Helm chart from its registry, after the registry map, or from its
// known new repository. It does not retry, so that an unreachable registry is reported
// fast.
func (r Reader) Chart(ctx context.Context, ref images.Ref, access registry.Access) ([]byte, error) {
	if r.client.Origin(ref).Registry != ref.Registry {
		access = registry.Access{} // access is for a host that is not used
	}
	data, err := r.chartWith(ctx, ref, access)
	var unsent *unsentError
	if err == nil || errors.As(err, &unsent) {
		return data, err
	}
	_, err = r.client.Elsewhere(ref, ref.Digest, err, func(at images.Ref, id string) (err error) {
		data, err = chartAt(ctx, r.client, at, id) // access is only for the chart's original repository
		return err
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// chartWith returns a packed chart from its original repository, with additional access
// settings.
func (r Reader) chartWith(ctx context.Context, ref images.Ref, access registry.Access) ([]byte, error) {
	asked, withheld, err := r.client.With(ref.Registry, access)
	if err != nil {
		return nil, err
	}
	if asked != r.client {
		defer asked.Close()
	}
	data, err := chartAt(ctx, asked, ref, ref.Version())
	if withheld && failure.Classify(err) == images.ClassAuth {
		err = &unsentError{host: ref.Registry, err: err}
	}
	return data, err
}

// unsentError is a refused request that was sent without credentials on purpose. It does
// not mean that the chart is gone.
type unsentError struct {
	host string
	err  error
}

func (e *unsentError) Error() string {
	return fmt.Sprintf("%v; no credentials were sent to %s, because only an object in the cluster asks for plain HTTP or unverified TLS: "+
		"if you trust the network, name the host in --plain-http or --insecure", e.err, e.host)
}

func (e *unsentError) Unwrap() error { return e.err }

// chartAt returns a packed chart from one repository.
func chartAt(ctx context.Context, client *registry.Client, ref images.Ref, tag string) (data []byte, err error) {
	at, err := client.Source(ref)
	if err != nil {
		return nil, err
	}
	err = at.With(ctx, func(ctx context.Context, s *repository.Session) error {
		data, err = chartOf(ctx, s, tag)
		return err
	})
	return data, at.Wrap("", err)
}

// chartOf reads the layer with the chart.
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
			return nil, &failure.RejectedError{As: images.ClassPolicy, Msg: fmt.Sprintf("the chart is larger than %d MiB", chartLimit>>20)}
		}
		body, err := s.Blob(ctx, desc)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return bounded.ReadAll(body, chartLimit)
	}
	return nil, &failure.RejectedError{As: images.ClassPolicy, Msg: "the artifact is not a Helm chart", Advice: "check the name and the version of the chart"}
}
