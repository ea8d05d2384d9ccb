package credentials

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// home creates an empty home directory, without credentials in the environment.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	for _, v := range []string{"REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_AUTH_CONFIG"} {
		t.Setenv(v, "")
	}
	return dir
}

func write(t *testing.T, content string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o700); err != nil { //nolint:gosec // helpers are run
		t.Fatal(err)
	}
	return file
}

// auths returns a file with one user for each key. The user has the name of the key.
func auths(keys ...string) string {
	var entries []string
	for _, key := range keys {
		entries = append(entries, fmt.Sprintf("%q: {\"auth\": %q}", key, base64.StdEncoding.EncodeToString([]byte(key+":pw"))))
	}
	// A user name ends at the first colon.
	return `{"auths": {` + strings.Join(entries, ", ") + `}}`
}

func userFor(t *testing.T, k authn.Keychain, repo string) string {
	t.Helper()
	r, err := name.NewRepository(repo)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := k.Resolve(r)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := auth.Authorization()
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Username
}

func TestKeychainScopes(t *testing.T) {
	dir := home(t)
	write(t, auths("quay.io", "quay.io/team", "quay.io/team/app", "ghcr.io/team", "docker.io/library"), dir, ".config", "containers", "auth.json")
	k := Keychain()
	for repo, want := range map[string]string{
		"quay.io/other/app":    "quay.io",
		"quay.io/team/other":   "quay.io/team",
		"quay.io/teams/app":    "quay.io",
		"quay.io/team/app":     "quay.io/team/app",
		"quay.io/team/app/sub": "quay.io/team/app",
		"ghcr.io/team/app":     "ghcr.io/team",
		"ghcr.io/other/app":    "",
		"alpine":               "docker.io/library",
		"team/app":             "",
		"gcr.io/team/app":      "",
		"evil-quay.io/team/a":  "",
	} {
		if got := userFor(t, k, repo); got != want {
			t.Errorf("%s: got the credentials of %q, want %q", repo, got, want)
		}
	}
}

func TestKeychainFiles(t *testing.T) {
	dir := home(t)
	t.Setenv("REGISTRY_AUTH_FILE", write(t, auths("a.example.com"), dir, "named.json"))
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(dir, "run"))
	write(t, auths("a.example.com", "b.example.com", "https://index.docker.io/v1/", "https://old.example.com/v2/"), dir, ".docker", "config.json")
	write(t, auths("c.example.com"), dir, "run", "containers", "auth.json")
	write(t, auths("d.example.com"), dir, ".config", "containers", "auth.json")
	k := Keychain()
	for repo, want := range map[string]string{
		"a.example.com/x": "a.example.com", "b.example.com/x": "b.example.com", "c.example.com/x": "c.example.com",
		"d.example.com/x": "d.example.com", "alpine": "https", "old.example.com/x": "https", "e.example.com/x": "",
	} {
		if got := userFor(t, k, repo); got != want {
			t.Errorf("%s: got the credentials of %q, want %q", repo, got, want)
		}
	}

	t.Setenv("DOCKER_CONFIG", filepath.Join(dir, "elsewhere"))
	if got := userFor(t, Keychain(), "b.example.com/x"); got != "" {
		t.Errorf("$DOCKER_CONFIG was ignored: %s", got)
	}
}

func TestKeychainHelpers(t *testing.T) {
	dir := home(t)
	log := filepath.Join(dir, "log")
	helper := "#!/bin/sh\nread host\necho $host >> " + log + "\n" + `echo "{\"ServerURL\":\"$host\",\"Username\":\"$0\",\"Secret\":\"pw\"}"` + "\n"
	for _, suffix := range []string{"one", "all"} {
		write(t, helper, dir, "bin", "docker-credential-"+suffix)
	}
	t.Setenv("PATH", filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	write(t, `{"credHelpers": {"quay.io": "one"}, "credsStore": "all", "auths": {"ghcr.io": {}}}`, dir, ".docker", "config.json")
	k := Keychain()
	for range 2 {
		for repo, want := range map[string]string{"quay.io/a/b": "docker-credential-one", "quay.io/a/c": "docker-credential-one", "ghcr.io/a/b": "docker-credential-all"} {
			if got := filepath.Base(userFor(t, k, repo)); got != want {
				t.Errorf("%s: got %q, want %q", repo, got, want)
			}
		}
	}
	asked, err := os.ReadFile(log)
	if err != nil || strings.Count(string(asked), "\n") != 2 {
		t.Errorf("the helpers were asked for %q, %v; want each host once", asked, err)
	}
}

func TestKeychainErrors(t *testing.T) {
	dir := home(t)
	path := write(t, `{"auths": `, dir, ".docker", "config.json")
	repo, _ := name.NewRepository("quay.io/a")
	if _, err := Keychain().Resolve(repo); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("broken file: %v", err)
	}
	write(t, `{"credHelpers": {"quay.io": "not-installed"}}`, dir, ".docker", "config.json")
	if _, err := Keychain().Resolve(repo); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "quay.io") {
		t.Errorf("missing helper: %v", err)
	}
}
