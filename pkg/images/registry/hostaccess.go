package registry

import (
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
)

// Access holds the access settings of one registry, in addition to the Config for all
// registries.
type Access struct {
	Username, Password string // for the registry's host only
	Config             []byte // a docker config.json
	Insecure           bool
	PlainHTTP          bool
}

// credentials reports whether the access includes credentials.
func (a Access) credentials() bool { return a.Username != "" || len(a.Config) > 0 }

// With returns a client with additional access settings for one host. The caller must close
// the client, unless it is r itself. If the settings come from an object in the cluster and
// are less secure than those of the user (plain HTTP or unverified TLS), the client uses no
// credentials, not even those of the object, because an attacker on the network could read
// them; withheld is then true.
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

// keychains returns the credentials. Each keychain matches only the host that its
// credentials were issued for.
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
