package transfer_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// relocation is a moved image: hub.example.com/old/mc:v1 no longer exists as old/mc in the
// registry hub, and quay.example.com/new/mc:v1 is new/mc in the registry quay. Both hosts
// are reached only through the registry map.
type relocation struct {
	hub, quay, mirror *servertest.Server
	ref               images.Ref
	digest            string
	registries        *transfer.Registries
}

const fact = "example/project#1"

// relocated creates a moved image. The original repository answers with a status. A nil
// keychain means no credentials.
func relocated(t *testing.T, status int, keychain func(hub string) authn.Keychain) relocation {
	t.Helper()
	r := relocation{
		hub: servertest.New(t, servertest.Plain), quay: servertest.New(t, servertest.Plain), mirror: servertest.New(t, servertest.Plain),
		ref: images.Ref{Registry: "hub.example.com", Repository: "old/mc", Tag: "v1"},
	}
	r.digest = r.quay.Put(t, "new/mc:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	r.hub.Fail(func(w http.ResponseWriter, req *http.Request) bool {
		if req.URL.Path == "/v2/" {
			return false
		}
		w.WriteHeader(status)
		return true
	})
	cfg := transfer.Config{
		Rewrite: []rewrite.Rule{{Host: "hub.example.com", Registry: r.hub.Host}, {Host: "quay.example.com", Registry: r.quay.Host}},
		Moves: func(ref images.Ref) []images.Move {
			if ref.Name() != "hub.example.com/old/mc" {
				return nil
			}
			nowhere, to := ref, ref
			nowhere.Registry, nowhere.Repository = "quay.example.com", "none/mc"
			to.Registry, to.Repository = "quay.example.com", "new/mc"
			return []images.Move{{To: nowhere, Fact: "example/project#0"}, {To: to, Fact: fact}}
		},
	}
	if keychain != nil {
		cfg.Keychain = keychain(r.hub.Host)
	}
	r.registries = transfer.NewRegistries(cfg)
	t.Cleanup(r.registries.Close)
	return r
}

// plan copies the image to two repositories of the mirror.
func (r relocation) plan(digest string) images.Plan {
	inv := images.Inventory{Images: []images.Image{{Ref: r.ref, Digest: digest, Also: []string{"also/mc"}}}}
	return images.NewPlan(inv, images.Target{Registry: r.mirror.Host, Prefix: "kkp"})
}

// wantTaken fails the test unless all results are the image, with its new repository.
func (r relocation) wantTaken(t *testing.T, report images.Report, outcome images.Outcome, how string) {
	t.Helper()
	for _, res := range report.Results {
		if res.Outcome != outcome || res.Digest != r.digest || res.Source != r.ref || res.Error != "" {
			t.Errorf("%+v", res)
		}
		if res.Moved == nil || res.Moved.To.String() != "quay.example.com/new/mc:v1" || res.Moved.Fact != fact {
			t.Errorf("%s moved to %+v", res.Source, res.Moved)
		}
		note := "gone from hub.example.com, " + how + " quay.example.com/new/mc:v1 (" + fact + ")"
		if !slices.Contains(res.Notes, note) {
			t.Errorf("notes %q, want %q", res.Notes, note)
		}
	}
}

func TestGoneSourcesAreTakenFromWhereTheyMoved(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusUnauthorized, http.StatusForbidden} {
		for _, how := range []string{"by tag", "by digest"} {
			t.Run(http.StatusText(status)+" "+how, func(t *testing.T) {
				r := relocated(t, status, nil)
				pin := ""
				if how == "by digest" {
					pin = r.digest
				}
				plan := r.plan(pin)
				r.wantTaken(t, r.registries.Copy(t.Context(), plan, transfer.Options{}), images.Copied, "taken from")
				for _, at := range []string{"kkp/old/mc:v1", "kkp/also/mc:v1"} {
					if asked := r.mirror.Asked("PUT /v2/" + strings.Replace(at, ":", "/manifests/", 1)); asked != 1 {
						t.Errorf("%s was written %d times", at, asked)
					}
				}
				for _, check := range r.registries.Verify(t.Context(), plan, transfer.Options{}, true).Checks {
					if check.Finding != images.Verified || check.Source != r.ref || (check.Moved == nil) != (pin != "") {
						t.Errorf("%+v", check)
					}
				}
				if pin == "" {
					r.wantTaken(t, r.registries.Copy(t.Context(), plan, transfer.Options{}), images.Present, "compared with")
				}
				got, moved, err := r.registries.Find(t.Context(), r.ref)
				if err != nil || got != r.digest || moved == nil || moved.Fact != fact {
					t.Errorf("%s, %+v, %v", got, moved, err)
				}
			})
		}
	}
}

func TestGoneSourcesAreArchived(t *testing.T) {
	r := relocated(t, http.StatusNotFound, nil)
	name := layout.TarScheme + filepath.Join(t.TempDir(), "kkp")
	into, err := layout.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	inv := images.Inventory{Images: []images.Image{{Ref: r.ref}}}
	plan := images.NewPlan(inv, images.Target{Archive: name})
	r.wantTaken(t, r.registries.Copy(t.Context(), plan, transfer.Options{Into: into}), images.Copied, "taken from")
	if _, ok := into.Find(r.ref.String()); !ok {
		t.Error("it has another name in the archive")
	}
	if err := into.Finish(); err != nil {
		t.Fatal(err)
	}
}

// TestGoneSourcesWithADigest uses a digest that the new repository does not have.
func TestGoneSourcesWithADigest(t *testing.T) {
	other := "sha256:" + strings.Repeat("a", 64)
	r := relocated(t, http.StatusNotFound, nil)
	pinned := r.ref
	pinned.Digest = other
	for _, img := range []images.Image{{Ref: r.ref, Digest: other}, {Ref: pinned}} {
		plan := images.NewPlan(images.Inventory{Images: []images.Image{img}}, images.Target{Registry: r.mirror.Host})
		res := r.registries.Copy(t.Context(), plan, transfer.Options{}).Results[0]
		if res.Outcome != images.Failed || res.Class != images.ClassDigest || !strings.Contains(res.Remedy, "--digests") {
			t.Errorf("%+v", res)
		}
		for _, part := range []string{
			"404 not found", "the image has moved to quay.example.com/none/mc (example/project#0)",
			"the image has moved to quay.example.com/new/mc (" + fact + "): tag v1 has another digest than " + other,
		} {
			if !strings.Contains(res.Error, part) {
				t.Errorf("%q is not in %s", part, res.Error)
			}
		}
	}
	if _, _, err := r.registries.Find(t.Context(), pinned); err == nil || !strings.Contains(err.Error(), "another digest") {
		t.Error(err)
	}
	byDigest := images.Ref{Registry: r.ref.Registry, Repository: r.ref.Repository, Digest: r.digest}
	if got, moved, err := r.registries.Find(t.Context(), byDigest); err != nil || got != r.digest || moved == nil {
		t.Errorf("by digest alone: %s, %+v, %v", got, moved, err)
	}
}

// TestRefusalsWithCredentials checks that a refusal after a login does not mean that the
// image is gone.
func TestRefusalsWithCredentials(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		r := relocated(t, status, func(hub string) authn.Keychain { return credentials.Login(hub, "me", "secret") })
		res := r.registries.Copy(t.Context(), r.plan(""), transfer.Options{}).Results[0]
		if res.Outcome != images.Failed || res.Class != images.ClassAuth || res.Remedy != images.ClassAuth.Remedy() || strings.Contains(res.Error, "private") {
			t.Errorf("%+v", res)
		}
		if asked := r.quay.Asked("HEAD /v2/new/mc/manifests/v1"); asked != 0 {
			t.Errorf("the new place was asked %d times", asked)
		}
	}
}

// TestRefusalsOfStrangers uses an image without a known move, and no credentials.
func TestRefusalsOfStrangers(t *testing.T) {
	private := servertest.New(t, servertest.Token)
	hub := relocated(t, http.StatusUnauthorized, nil)
	for _, ref := range []images.Ref{
		{Registry: "hub.example.com", Repository: "team/app", Tag: "v1"},
		{Registry: private.Host, Repository: "team/app", Tag: "v1"}, // the registry refuses the login
	} {
		plan := images.NewPlan(images.Inventory{Images: []images.Image{{Ref: ref}}}, images.Target{Registry: hub.mirror.Host})
		res := hub.registries.Copy(t.Context(), plan, transfer.Options{}).Results[0]
		if res.Class != images.ClassAuth || !strings.Contains(res.Error, "does not exist or is private (401") {
			t.Errorf("%s: %s", res.Class, res.Error)
		}
		if !strings.HasPrefix(res.Remedy, "check the name of the image") {
			t.Error(res.Remedy)
		}
	}
}

// TestOutagesAreNoMoves lets the original repository fail in other ways.
func TestOutagesAreNoMoves(t *testing.T) {
	r := relocated(t, http.StatusBadRequest, nil)
	res := r.registries.Copy(t.Context(), r.plan(""), transfer.Options{}).Results[0]
	if res.Outcome != images.Failed || res.Moved != nil || r.quay.Asked("HEAD /v2/new/mc/manifests/v1") != 0 {
		t.Errorf("%+v", res)
	}
}
