package credentials_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// What is exported has the credentials of the keychain for the repositories, and for no others.
func TestExport(t *testing.T) {
	all, err := credentials.Read([]byte(`{"auths": {
		"one.example.com": {"username": "u1", "password": "p1"},
		"two.example.com/team": {"username": "u2", "password": "p2"},
		"two.example.com": {"username": "u3", "password": "p3"},
		"https://index.docker.io/v1/": {"username": "hub", "password": "p4"},
		"token.example.com": {"identitytoken": "t5"},
		"other.example.com": {"username": "secret", "password": "p6"}}}`), "test")
	if err != nil {
		t.Fatal(err)
	}
	var repos []name.Repository
	for _, text := range []string{
		"one.example.com/a", "one.example.com/b/c", "two.example.com/team/app", "two.example.com/else", "docker.io/library/alpine",
		"token.example.com/x", "none.example.com/y",
	} {
		repo, err := name.NewRepository(text)
		if err != nil {
			t.Fatal(err)
		}
		repos = append(repos, repo)
	}
	config, err := credentials.Export(t.Context(), all, repos)
	if err != nil {
		t.Fatal(err)
	}
	exported, err := credentials.Read(config, "the export")
	if err != nil {
		t.Fatal(err)
	}
	for _, repo := range repos {
		if diff := cmp.Diff(authorization(t, all, repo), authorization(t, exported, repo)); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", repo, diff)
		}
	}
	for _, text := range []string{"other.example.com/a", "two.example.com/third"} {
		repo, err := name.NewRepository(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := authorization(t, exported, repo); got != (authn.AuthConfig{}) {
			t.Errorf("%s has credentials: %+v", repo, got)
		}
	}
}

func TestExportOfNothing(t *testing.T) {
	repo, err := name.NewRepository("none.example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	config, err := credentials.Export(t.Context(), credentials.Login("one.example.com", "u", "p"), []name.Repository{repo})
	if config != nil || err != nil {
		t.Errorf("got %s, %v", config, err)
	}
}

func authorization(t *testing.T, keychain authn.Keychain, repo name.Repository) authn.AuthConfig {
	t.Helper()
	auth, err := authn.Resolve(t.Context(), keychain, repo)
	if err != nil {
		t.Fatal(err)
	}
	config, err := authn.Authorization(t.Context(), auth)
	if err != nil {
		t.Fatal(err)
	}
	config.Auth = "" // user name and password in another form
	return *config
}
