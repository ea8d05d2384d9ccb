package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// AddCredentials adds the credentials of a docker configuration, such as KKP's pull secret.
// They are used only for the registries and repositories that the configuration names, and
// only if the user has no credentials for these. Call AddCredentials before the first
// request to these registries. origin names the configuration in errors.
func (r *Client) AddCredentials(dockerConfig []byte, origin string) error {
	added, err := credentials.Read(dockerConfig, origin)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Keychain = authn.NewMultiKeychain(r.cfg.Keychain, added)
	return nil
}

// keychain returns the keychain with all credentials.
func (r *Client) keychain() authn.Keychain {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg.Keychain
}

// DockerConfig returns a docker configuration with the credentials for pulls from sources and pushes
// to targets, and no others; nil if these need none. The registry map is applied to the sources.
func (r *Client) DockerConfig(ctx context.Context, sources, targets []images.Ref) ([]byte, error) {
	var repos []name.Repository
	for _, ref := range sources {
		from, err := r.Source(ref)
		if err != nil {
			return nil, err
		}
		repos = append(repos, from.Repo)
	}
	for _, ref := range targets {
		to, err := r.Target(ref)
		if err != nil {
			return nil, err
		}
		repos = append(repos, to.Repo)
	}
	return credentials.Export(ctx, r.keychain(), repos)
}
