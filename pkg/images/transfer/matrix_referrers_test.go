package transfer_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// source is a registry with referrers, and what it costs to find that an image has none.
type source struct {
	*servertest.Registry
	most int // requests for each image without referrers
}

func strictly(t *testing.T, opts registrytest.Options, most int) source {
	t.Helper()
	server := httptest.NewServer(registrytest.New(opts))
	t.Cleanup(server.Close)
	return source{servertest.At(t, servertest.Plain, strings.TrimPrefix(server.URL, "http://"), "", authn.NewMultiKeychain()), most}
}

// TestAllReferrersAreFound copies an image with referrers of every form from every kind of
// registry, and checks that none is lost. It counts the requests for images without referrers.
func TestAllReferrersAreFound(t *testing.T) {
	const all, each = 2, 4 // a list, and a request for each tag
	for name, from := range map[string]source{
		"the whole list":                      strictly(t, registrytest.Options{}, all),
		"no referrers API":                    strictly(t, registrytest.Options{NoReferrers: true}, all),
		"pages":                               strictly(t, registrytest.Options{Tags: registrytest.Listing{Page: 4}}, all+1),
		"pages, no referrers API":             strictly(t, registrytest.Options{NoReferrers: true, Tags: registrytest.Listing{Page: 4}}, all+2),
		"pages from the first tag":            strictly(t, registrytest.Options{Tags: registrytest.Listing{Page: 2, IgnoresLast: true}}, 1+each),
		"pages with a cursor":                 strictly(t, registrytest.Options{Tags: registrytest.Listing{Page: 2, Cursor: true}}, 1+each),
		"nothing after an unknown tag":        strictly(t, registrytest.Options{Tags: registrytest.Listing{KnownLast: true}}, 3),
		"pages, nothing after an unknown tag": strictly(t, registrytest.Options{Tags: registrytest.Listing{Page: 2, KnownLast: true}}, 2+each),
		"no list":                             strictly(t, registrytest.Options{Tags: registrytest.Listing{Refused: true}}, 1+each),
		"no list and no referrers API":        strictly(t, registrytest.Options{NoReferrers: true, Tags: registrytest.Listing{Refused: true}}, 2+each),
		"a list of what is cached":            strictly(t, registrytest.Options{Tags: registrytest.Listing{Only: 1}}, 2+each),
	} {
		t.Run(name, from.allFound)
	}
	for _, kind := range servertest.Kinds() {
		t.Run(kind, source{&servertest.New(t, kind).Registry, all}.allFound)
	}
}

// TestAllReferrersAreFoundInRealRegistries is TestAllReferrersAreFound with distribution,
// which has no referrers API, and with ociregistry, which has.
func TestAllReferrersAreFoundInRealRegistries(t *testing.T) {
	for _, from := range sandbox(t) {
		t.Run(from.Kind, source{from, 2}.allFound)
	}
	memory := harness.ForTest(t, "true").Registries["memory"]
	t.Run("ociregistry", source{servertest.At(t, servertest.Plain, memory.Host, "", authn.NewMultiKeychain()), 2}.allFound)
}

func TestAllReferrersAreFoundInDockerRegistry(t *testing.T) {
	host := harness.DockerRegistry(t)
	source{servertest.At(t, servertest.Plain, host, "", authn.NewMultiKeychain()), 2}.allFound(t)
}

// attachAll adds an image with referrers of every form, and returns the tags of the
// referrers that have one.
func (s source) attachAll(t *testing.T, repo string) (tags []string) {
	t.Helper()
	index := servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)
	s.Put(t, repo+":9.1", index)
	root, platform := describe(t, index)
	for _, of := range []string{root.Digest.String(), platform.Digest.String()} {
		for _, suffix := range []string{".sig", ".att", ".sbom"} {
			tag := oci.DigestTag(of) + suffix
			s.Put(t, repo+":"+tag, servertest.NewImage(t, types.OCIManifestSchema1))
			tags = append(tags, tag)
		}
	}
	refer(t, s.Registry, repo, "of all", root)
	refer(t, s.Registry, repo, "of one platform", platform)
	return tags
}

func (s source) allFound(t *testing.T) {
	to := newStrict(t, registrytest.Options{})
	tags := s.attachAll(t, "found/app")
	s.Put(t, "found/app:latest", servertest.NewImage(t, types.OCIManifestSchema1))
	s.Put(t, "found/app:1.0", servertest.NewImage(t, types.OCIManifestSchema1))
	s.Put(t, "found/app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	plan := planBetween(t, s.Registry, &to.server.Registry, "found/app:9.1")
	report := open(t, reach(s.Registry)).Copy(t.Context(), plan, transfer.Options{})
	wantAll(t, report, images.Copied)
	if n := report.Results[0].Attached; n != len(tags)+2 {
		t.Errorf("%d referrers, want %d", n, len(tags)+2)
	}
	for _, tag := range tags {
		if _, ok := to.Tag("mirror/found/app", tag); !ok {
			t.Errorf("%s is lost", tag)
		}
	}
	s.cost(t, to, "found/app:latest")
	s.cost(t, to, "found/app:1.0")
	s.cost(t, to, "found/app:v1")
}

// cost checks what it costs to find that an image has no referrers.
func (s source) cost(t *testing.T, to strict, image string) {
	t.Helper()
	registries, asked := watched(t, reach(s.Registry))
	wantAll(t, registries.Copy(t.Context(), planBetween(t, s.Registry, &to.server.Registry, image), transfer.Options{}), images.Copied)
	requests := referrerRequests(asked.take(t, s.Registry))
	if len(requests) > s.most || len(requests) == 0 {
		t.Errorf("%s: %d requests, want at most %d: %q", image, len(requests), s.most, requests)
	}
}

// referrerRequests returns the requests for referrers.
func referrerRequests(requests []string) (found []string) {
	for _, r := range requests {
		if strings.Contains(r, "/referrers/") || strings.HasSuffix(r, "/tags/list") || strings.Contains(r, "/manifests/sha256-") {
			found = append(found, r)
		}
	}
	return found
}

// TestImagesOfOneRepositoryShareTheList checks that the tags of a repository are listed once,
// and that a registry is asked once whether it has the referrers API.
func TestImagesOfOneRepositoryShareTheList(t *testing.T) {
	for name, tt := range map[string]struct {
		opts registrytest.Options
		want int
	}{
		"with the referrers API":    {registrytest.Options{}, 3 + 3*4},
		"without the referrers API": {registrytest.Options{NoReferrers: true}, 3 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := newStrict(t, tt.opts), newStrict(t, registrytest.Options{})
			fleetOf := small(3)
			fleetOf.Tags = 4
			plan := fleet(t, fleetOf, from, to)
			wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
			if got := referrerRequests(from.server.Take()); len(got) != tt.want {
				t.Errorf("%d requests, want %d: %q", len(got), tt.want, got)
			}
		})
	}
}

// TestListsBehindARegistryMapAreNotUsed checks that an image behind a registry map gets all
// its referrers from a pull-through cache that lists only cached tags.
func TestListsBehindARegistryMapAreNotUsed(t *testing.T) {
	cache, to := strictly(t, registrytest.Options{Tags: registrytest.Listing{Only: 1}}, 0), newStrict(t, registrytest.Options{})
	tags := cache.attachAll(t, "found/app")
	ref, err := images.ParseRef("quay.io/found/app:9.1")
	if err != nil {
		t.Fatal(err)
	}
	var inv images.Collector
	inv.Add(images.Image{Ref: ref})
	cfg := reach(cache.Registry)
	cfg.Rewrite = []rewrite.Rule{{Host: "quay.io", Registry: cache.Host}}
	registries, asked := watched(t, cfg)
	report := registries.Copy(t.Context(), images.NewPlan(inv.Inventory(), images.Target{Registry: to.server.Host}), transfer.Options{})
	wantAll(t, report, images.Copied)
	if n := report.Results[0].Attached; n != len(tags)+2 {
		t.Errorf("%d referrers, want %d", n, len(tags)+2)
	}
	if lists := servertest.WithPrefix(asked.take(t, cache.Registry), "GET /v2/found/app/tags"); len(lists) > 0 {
		t.Errorf("the tags were listed: %q", lists)
	}
}
