package transfer

import (
	"bytes"
	"fmt"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
)

// AddCredentials adds the credentials of a docker configuration, as KKP keeps one for its
// own images, for the registries and repositories that it names, and for no others. The
// user's own come first. It must be called before the registries it names are reached.
// origin says in errors where it comes from.
//
// Credential helpers that it names are not run: it comes from a cluster, and a helper is
// a program.
func (r *Registries) AddCredentials(dockerConfig []byte, origin string) error {
	file := configfile.New(origin)
	if err := file.LoadFromReader(bytes.NewReader(dockerConfig)); err != nil {
		return fmt.Errorf("%s is not a docker configuration", origin) // the cause may quote it
	}
	file.CredentialHelpers, file.CredentialsStore = nil, ""
	added := &keychain{loaded: true, files: []*configfile.ConfigFile{file}, asked: map[string]types.AuthConfig{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Keychain = authn.NewMultiKeychain(r.cfg.Keychain, added)
	return nil
}

// keychain is where credentials are looked up.
func (r *Registries) keychain() authn.Keychain {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cfg.Keychain
}
