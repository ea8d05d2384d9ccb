package patch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// imagePullSecret holds docker's config.json as text.
const imagePullSecret = "spec.imagePullSecret"

// PullSecret is the value of spec.imagePullSecret with the credentials that a docker
// configuration has for a mirror. What KKP has for other registries stays, and what the
// configuration has for others is left out. An error does not quote credentials.
func PullSecret(live string, dockerConfig []byte, mirror images.Target) (string, error) {
	given, err := auths(dockerConfig)
	if err != nil {
		return "", err
	}
	merged := map[string]json.RawMessage{}
	if live != "" {
		if merged, err = auths([]byte(live)); err != nil {
			return "", fmt.Errorf("%s as it is now: %w", imagePullSecret, err)
		}
	}
	maps.DeleteFunc(given, func(key string, _ json.RawMessage) bool { return !covers(key, mirror.Registry) })
	if len(given) == 0 {
		return "", fmt.Errorf("the docker configuration has no credentials for %s (credential helpers do not count: KKP runs none); log in with --authfile or --config to make such a file", mirror.Registry)
	}
	maps.Copy(merged, given)
	text, err := json.Marshal(map[string]any{"auths": merged})
	return string(text), err
}

// HasCredentials reports whether a docker configuration holds credentials for a registry, or for a
// repository in the registry.
func HasCredentials(dockerConfig []byte, registry string) bool {
	all, err := auths(dockerConfig)
	return err == nil && slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(key string) bool { return covers(key, registry) })
}

// auths are the credentials that a docker configuration holds itself, by registry.
func auths(dockerConfig []byte) (map[string]json.RawMessage, error) {
	var config struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	if json.Unmarshal(dockerConfig, &config) != nil {
		return nil, fmt.Errorf("the file is not a docker configuration (config.json)")
	}
	if config.Auths == nil {
		config.Auths = map[string]json.RawMessage{}
	}
	maps.DeleteFunc(config.Auths, func(_ string, auth json.RawMessage) bool { return strings.Trim(string(auth), "{} \n") == "" })
	return config.Auths, nil
}

// covers tells whether the key of a credential is a registry, or a repository in it.
func covers(key, registry string) bool {
	if _, address, ok := strings.Cut(key, "://"); ok {
		key = address
	}
	host, _, _ := strings.Cut(key, "/")
	return host == registry
}
