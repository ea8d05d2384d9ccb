package credentials_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// repositoryOf returns a repository of registry.example.com.
func repositoryOf(t testing.TB) name.Repository {
	t.Helper()
	repo, err := name.NewRepository("registry.example.com/team/app")
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// FuzzRead checks that a docker configuration from a cluster, such as a pull secret, is
// read or refused, and that the error quotes nothing of it.
func FuzzRead(f *testing.F) {
	repo := repositoryOf(f)
	f.Fuzz(func(t *testing.T, config []byte) {
		keychain, err := credentials.Read(config, "the Secret")
		if err != nil {
			if err.Error() != "the Secret is not a docker configuration" {
				t.Errorf("%q: %v", config, err)
			}
			return
		}
		if _, err := keychain.Resolve(repo); err != nil {
			t.Errorf("%q: %v", config, err)
		}
	})
}

// FuzzKey checks that credentials are used only for the registry or repository in their
// key.
func FuzzKey(f *testing.F) {
	repo := repositoryOf(f)
	f.Fuzz(func(t *testing.T, key string) {
		config, err := json.Marshal(map[string]any{"auths": map[string]any{key: map[string]string{"auth": "dTpw"}}})
		if err != nil {
			t.Fatal(err)
		}
		keychain, err := credentials.Read(config, "the Secret")
		if err != nil {
			return
		}
		auth, err := keychain.Resolve(repo)
		if err != nil {
			t.Fatal(err)
		}
		_, address, ok := strings.Cut(key, "://")
		if !ok {
			address = key
		}
		host, _, _ := strings.Cut(address, "/")
		if auth != authn.Anonymous && host != "registry.example.com" {
			t.Errorf("the credentials of %q are sent to %s", key, repo)
		}
	})
}

// FuzzAuthFile checks that a file of docker or podman is read or refused. No credential
// helpers are installed.
func FuzzAuthFile(f *testing.F) {
	repo := repositoryOf(f)
	dir := f.TempDir()
	path := filepath.Join(dir, "auth.json")
	for _, variable := range []string{"HOME", "PATH", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"} {
		f.Setenv(variable, dir)
	}
	f.Setenv("DOCKER_AUTH_CONFIG", "")
	f.Setenv("REGISTRY_AUTH_FILE", path)
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		auth, err := credentials.Keychain().Resolve(repo)
		if (auth == nil) == (err == nil) {
			t.Errorf("%q: %v, %v", content, auth, err)
		}
	})
}
