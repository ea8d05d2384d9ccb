package registry

import (
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// AddCredentials adds the credentials of a docker configuration, as KKP keeps one for its
// own images, for the registries and repositories that it names, and for no others. The
// user's own come first. It must be called before the registries it names are reached.
// origin says in errors where it comes from.
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

// keychain is where credentials are looked up.
func (r *Client) keychain() authn.Keychain {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg.Keychain
}
