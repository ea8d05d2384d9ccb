package osm

import (
	"encoding/json"
	"net/url"
)

// Auth are credentials for a registry.
type Auth struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     string `json:"auth"`
}

// Auths returns the credentials that a node gets from a pull secret (a Docker configuration), by host. OSM writes them into
// containerd's own configuration (GetContainerdAuthConfig, Containerd.Config).
func Auths(dockerConfig []byte) (map[string]Auth, error) {
	secret := struct {
		Auths map[string]Auth `json:"auths"`
	}{}
	if err := json.Unmarshal(dockerConfig, &secret); err != nil {
		return nil, err
	}
	hosts := map[string]Auth{}
	for registry, auth := range secret.Auths {
		if parsed, err := url.Parse(registry); err == nil && parsed.Host != "" {
			registry = parsed.Host
		}
		hosts[registry] = auth
	}

	return hosts, nil
}
