package transfer_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// TestPlacesThatMustBeCreated uses the answers of registries that do not create projects or
// repositories on push.
func TestPlacesThatMustBeCreated(t *testing.T) {
	const noProject, noRepository = images.RemedyCreateProject, images.RemedyCreateRepository
	for _, tt := range []struct {
		name     string
		status   int
		code     string
		message  string // of the repository %s
		anywhere bool   // also for HEAD requests
		remedy   string
		class    images.Class
	}{
		{"Harbor", 404, "NOT_FOUND", "project mirror not found", true, noProject, images.ClassPolicy},
		{"Harbor 1", 404, "NAME_UNKNOWN", "project not found, name: mirror", false, noProject, images.ClassPolicy},
		{"Harbor, to a robot", 403, "DENIED", "project mirror not found", false, noProject, images.ClassPolicy},
		{"ECR", 404, "NAME_UNKNOWN", "The repository with name '%s' does not exist in the registry with id '123456789012'", true, noRepository, images.ClassPolicy},
		{"ECR, by its exception", 404, "RepositoryNotFound", "%s", false, noRepository, images.ClassPolicy},
		{"a quota", 403, "DENIED", "adding 5 MiB to project mirror would exceed its quota", false, images.ClassAuth.Remedy(), images.ClassAuth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
			refs := []string{"a/one:1", "a/one:2", "a/two:1", "there:1"}
			for _, ref := range refs {
				from.Put(t, ref, servertest.NewImage(t, types.OCIManifestSchema1))
			}
			to.Fail(func(w http.ResponseWriter, r *http.Request) bool {
				name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/blobs/")
				if !strings.Contains(name, "/a/") || (r.Method == http.MethodHead && !tt.anywhere) {
					return false
				}
				message := strings.ReplaceAll(tt.message, "%s", name)
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, tt.code, message)
				return true
			})
			plan := planOf(t, from, to, refs...)
			i := slices.IndexFunc(plan.Copies, func(c images.Copy) bool { return strings.HasSuffix(c.Source.Repository, "a/one") })
			err := open(t, login()).CheckTarget(t.Context(), plan.Copies[i].Target)
			if want := tt.class == images.ClassPolicy; transfer.IsMissingRepository(err) != want {
				t.Errorf("%v: want that something must be created: %t", err, want)
			}
			for _, res := range open(t, login()).Copy(t.Context(), plan, transfer.Options{}).Results {
				switch {
				case res.Source.Repository == "there" && res.Outcome != images.Copied:
					t.Errorf("others suffer: %+v", res)
				case res.Source.Repository != "there" && (res.Remedy != tt.remedy || res.Class != tt.class):
					t.Errorf("%s: %s, %s: %s", res.Source, res.Class, res.Remedy, res.Error)
				}
			}
		})
	}
}

// TestRefusedForOneProject checks that other projects get their images.
func TestRefusedForOneProject(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	for _, ref := range []string{"a:1", "b:1", "c:1"} {
		from.Put(t, ref, servertest.NewImage(t, types.OCIManifestSchema1))
	}
	to.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/v2/mirror/a/") || r.Method == http.MethodHead {
			return false
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized to access repository: mirror/a, action: push"}]}`)
		return true
	})
	report := open(t, login()).Copy(t.Context(), planOf(t, from, to, "a:1", "b:1", "c:1"), transfer.Options{Jobs: 1})
	if report.Count(images.Copied) != 2 || report.Results[0].Class != images.ClassAuth {
		t.Errorf("%+v", report.Results)
	}
}
