// Package credentials finds credentials for a repository: in the files of docker and
// podman, from credential helpers, and in docker configurations from other sources. It must
// not know what the credentials are used for.
package credentials

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Keychain returns a keychain with the credentials of docker and podman. It reads
// $REGISTRY_AUTH_FILE, docker's configuration with its credential helpers, and podman's
// files, in this order. Within a file, the longest scope that covers a repository wins, as
// in podman: registry/team/app, registry/team, registry.
//
// authn.DefaultKeychain reads only the first of these files, and knows no scopes between
// registry and repository.
func Keychain() authn.Keychain { return &keychain{paths: authFiles()} }

// authFiles returns the paths of the credential files, whether they exist or not.
func authFiles() []string {
	home, _ := os.UserHomeDir()
	dirOr := func(variable string, otherwise ...string) string {
		if dir := os.Getenv(variable); dir != "" || home == "" {
			return dir
		}
		return filepath.Join(otherwise...)
	}
	var paths []string
	add := func(dir string, file ...string) {
		if dir != "" {
			paths = append(paths, filepath.Join(append([]string{dir}, file...)...))
		}
	}
	add(os.Getenv("REGISTRY_AUTH_FILE"))
	add(dirOr("DOCKER_CONFIG", home, ".docker"), "config.json")
	add(os.Getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	add(dirOr("XDG_CONFIG_HOME", home, ".config"), "containers", "auth.json")
	return paths
}

// keychain reads each file once, and calls each credential helper once per host.
type keychain struct {
	paths []string

	mu     sync.Mutex
	loaded bool
	files  []*configfile.ConfigFile

	asked memo.Group[types.AuthConfig] // by file and host
}

// Read returns a keychain with the credentials in a docker configuration. It does not run
// the credential helpers that the configuration names: the configuration comes from a
// cluster, and a helper is a program. The error does not quote the configuration. origin
// names the configuration in the error.
func Read(dockerConfig []byte, origin string) (authn.Keychain, error) {
	file := configfile.New(origin)
	if err := file.LoadFromReader(bytes.NewReader(dockerConfig)); err != nil {
		return nil, fmt.Errorf("%s is not a docker configuration", origin) // the cause may quote credentials
	}
	return keychainOf(file.AuthConfigs), nil
}

// Login returns a keychain with a user name and a password for one host.
func Login(host, username, password string) authn.Keychain {
	return keychainOf(map[string]types.AuthConfig{host: {Username: username, Password: password}})
}

func keychainOf(auths map[string]types.AuthConfig) *keychain {
	file := configfile.New("")
	file.AuthConfigs = auths
	return &keychain{loaded: true, files: []*configfile.ConfigFile{file}}
}

// Resolve implements authn.Keychain.
func (k *keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return nil, err
	}
	for _, file := range k.files {
		cfg, err := k.find(file, target)
		if err != nil {
			return nil, err
		}
		if !isEmpty(cfg) {
			return authn.FromConfig(authn.AuthConfig{
				Username: cfg.Username, Password: cfg.Password, Auth: cfg.Auth,
				IdentityToken: cfg.IdentityToken, RegistryToken: cfg.RegistryToken,
			}), nil
		}
	}
	return authn.Anonymous, nil
}

func (k *keychain) load() error {
	if k.loaded {
		return nil
	}
	var files []*configfile.ConfigFile
	for _, path := range k.paths {
		file, err := readAuthFile(path)
		if err != nil {
			return err
		}
		if file != nil {
			files = append(files, file)
		}
	}
	k.files, k.loaded = files, true
	return nil
}

// readAuthFile returns nil if the file does not exist.
func readAuthFile(path string) (*configfile.ConfigFile, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	file := configfile.New(path)
	if err := file.LoadFromReader(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// find returns the credentials for a repository or registry, or empty ones if the file has
// none.
func (k *keychain) find(file *configfile.ConfigFile, target authn.Resource) (types.AuthConfig, error) {
	hosts := aliases(target.RegistryStr())
	_, path, _ := strings.Cut(target.String(), "/")
	for ; path != "" && path != "."; path = parent(path) {
		for _, host := range hosts {
			if cfg := file.AuthConfigs[host+"/"+path]; !isEmpty(cfg) {
				return cfg, nil
			}
		}
	}
	for _, host := range hosts {
		if _, ok := file.CredentialHelpers[host]; ok {
			return k.ask(file, host)
		}
	}
	for key, cfg := range file.AuthConfigs {
		if slices.Contains(hosts, hostOfKey(key)) && !isEmpty(cfg) {
			return cfg, nil
		}
	}
	if file.CredentialsStore == "" {
		return types.AuthConfig{}, nil
	}
	return k.ask(file, serverAddress(target.RegistryStr()))
}

// ask calls the credential helper that a file names for a host.
func (k *keychain) ask(file *configfile.ConfigFile, host string) (types.AuthConfig, error) {
	return k.asked.Get(file.Filename+"\n"+host, func() (types.AuthConfig, error) {
		cfg, err := file.GetCredentialsStore(host).Get(host)
		if err != nil {
			err = fmt.Errorf("the credential helper that %s names for %s: %w", file.Filename, host, err)
		}
		return cfg, err
	})
}

func isEmpty(cfg types.AuthConfig) bool {
	return cfg.Username == "" && cfg.Password == "" && cfg.Auth == "" && cfg.IdentityToken == "" && cfg.RegistryToken == ""
}

// aliases returns the names under which the credentials of a registry may be stored.
func aliases(registry string) []string {
	if registry == name.DefaultRegistry {
		return []string{"docker.io", name.DefaultRegistry, authn.DefaultAuthKey}
	}
	return []string{registry}
}

// serverAddress returns docker's name for a registry in credential stores.
func serverAddress(registry string) string {
	if registry == name.DefaultRegistry {
		return authn.DefaultAuthKey
	}
	return registry
}

// hostOfKey returns the host of a key for a whole registry. Docker's older keys are URLs,
// such as https://registry.example.com/v1/.
func hostOfKey(key string) string {
	if _, address, ok := strings.Cut(key, "://"); ok {
		address = strings.TrimSuffix(address, "/")
		return strings.TrimSuffix(strings.TrimSuffix(address, "/v1"), "/v2")
	}
	return key
}

func parent(path string) string {
	i := strings.LastIndex(path, "/")
	return path[:max(i, 0)]
}
