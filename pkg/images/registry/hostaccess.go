package registry

import (
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// Access is what one registry wants beside what every registry gets.
type Access struct {
	Username, Password string // for its host only
	Config             []byte // docker's config.json
	Insecure           bool
	PlainHTTP          bool
}

// credentials tells whether there are any.
func (a Access) credentials() bool { return a.Username != "" || len(a.Config) > 0 }

// With returns a client with further access to one host, to be closed unless it is the same.
// Where an object in a cluster wants a host to be reached less safely than the user does,
// credentials are withheld, those of the object, too: whoever is in between could read them.
func (r *Client) With(host string, access Access) (client *Client, withheld bool, err error) {
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
func (a Access) keychains(host string) ([]authn.Keychain, error) {
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
