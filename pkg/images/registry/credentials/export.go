package credentials

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Export returns a docker configuration with the credentials of a keychain for some repositories, and
// no others; nil if the keychain has none for them. A registry has one entry if all of these
// repositories have the same credentials, and otherwise one for each repository, a scope that Keychain
// and containerd know.
func Export(ctx context.Context, keychain authn.Keychain, repos []name.Repository) ([]byte, error) {
	found := map[string]map[string]authn.AuthConfig{} // by host and repository
	for _, repo := range repos {
		auth, err := authn.Resolve(ctx, keychain, repo)
		if err != nil {
			return nil, fmt.Errorf("credentials for %s: %w", repo.RegistryStr(), err)
		}
		config, err := authn.Authorization(ctx, auth)
		if err != nil {
			return nil, fmt.Errorf("credentials for %s: %w", repo.RegistryStr(), err)
		}
		host := repo.RegistryStr()
		if found[host] == nil {
			found[host] = map[string]authn.AuthConfig{}
		}
		found[host][repo.RepositoryStr()] = *config
	}
	auths := map[string]authn.AuthConfig{}
	for host, byRepository := range found {
		maps.Copy(auths, entries(host, byRepository))
	}
	if len(auths) == 0 {
		return nil, nil
	}
	return json.Marshal(map[string]any{"auths": auths})
}

// entries are the entries of one host.
func entries(host string, byRepository map[string]authn.AuthConfig) map[string]authn.AuthConfig {
	configs := slices.Collect(maps.Values(byRepository))
	different := slices.ContainsFunc(configs, func(c authn.AuthConfig) bool { return c != configs[0] })
	auths := map[string]authn.AuthConfig{}
	for repository, config := range byRepository {
		switch {
		case config == (authn.AuthConfig{}):
		case different:
			auths[host+"/"+repository] = config
		default:
			auths[serverAddress(host)] = config
		}
	}
	return auths
}
