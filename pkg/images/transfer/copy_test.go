package transfer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/mapping"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/servertest"
)

// fill puts every shape of image on a server, and returns the references to them with
// their digests.
func fill(t *testing.T, s *servertest.Server) map[string]string {
	t.Helper()
	nested := servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)
	digests := map[string]string{
		"team/multi:v1":    s.Put(t, "team/multi:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)),
		"team/list:v1":     s.Put(t, "team/list:v1", servertest.NewIndex(t, types.DockerManifestList, types.DockerManifestSchema2)),
		"team/single:v1":   s.Put(t, "team/single:v1", servertest.NewImage(t, types.OCIManifestSchema1)),
		"team/single2:v1":  s.Put(t, "team/single2:v1", servertest.NewImage(t, types.DockerManifestSchema2)),
		"team/nested:v1":   s.Put(t, "team/nested:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1, mutate.IndexAddendum{Add: nested})),
		"charts/app:1.0.0": s.Put(t, "charts/app:1.0.0", servertest.NewChart(t)),
	}
	pinned := s.Put(t, "team/pinned:v2", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	digests["team/pinned@"+pinned] = pinned
	both := s.Put(t, "team/both:v3", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	digests["team/both:v3@"+both] = both
	return digests
}

func TestCopyEveryShapeBetweenEveryKind(t *testing.T) {
	for _, kind := range servertest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			from, to := servertest.New(t, kind), servertest.New(t, kind)
			digests := fill(t, from)
			var refs []string
			for ref := range digests {
				refs = append(refs, ref)
			}
			plan := planOf(t, from, to, refs...)

			first := open(t, login(from, to)).Copy(t.Context(), plan, Options{Jobs: 4})
			wantAll(t, first, images.Copied)
			for i, res := range first.Results {
				ref := strings.TrimPrefix(res.Source.String(), from.Host+"/")
				if res.Source != plan.Copies[i].Source {
					t.Errorf("result %d is for %s, want %s", i, res.Source, plan.Copies[i].Source)
				}
				if res.Digest != digests[ref] || res.Bytes == 0 || res.Attempts != 1 {
					t.Errorf("%s: digest %s, %d bytes, %d attempts; want %s, some, 1", ref, res.Digest, res.Bytes, res.Attempts, digests[ref])
				}
				wantWhole(t, to, res.Target, digests[ref])
			}
			from.Take()
			to.Take()

			second := open(t, login(from, to)).Copy(t.Context(), plan, Options{})
			wantAll(t, second, images.Present)
			if second.Bytes() != 0 {
				t.Errorf("the second run uploaded %d bytes", second.Bytes())
			}
			wantHeads(t, "source", from.Take(), len(refs)-2) // two references say their digest
			wantHeads(t, "target", to.Take(), len(refs))
		})
	}
}

// wantWhole fails the test unless the target is complete and has the digest.
func wantWhole(t *testing.T, s *servertest.Server, target images.Ref, digest string) {
	t.Helper()
	ref, err := name.ParseReference(target.Name()+":"+target.PushTag(), name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	desc, err := remote.Get(ref, s.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	if desc.Digest.String() != digest {
		t.Errorf("%s has the digest %s, want %s", target, desc.Digest, digest)
	}
	if desc.MediaType.IsIndex() {
		index, err := desc.ImageIndex()
		if err != nil {
			t.Fatal(err)
		}
		wantChildren(t, index)
		return
	}
	img, err := desc.Image()
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, img)
}

func wantChildren(t *testing.T, index v1.ImageIndex) {
	t.Helper()
	children, err := partial.Manifests(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, child := range children {
		switch child := child.(type) {
		case v1.ImageIndex:
			wantChildren(t, child)
		case v1.Image:
			wantBlobs(t, child)
		}
	}
}

// wantBlobs reads what an image consists of, which verifies it.
func wantBlobs(t *testing.T, img v1.Image) {
	t.Helper()
	if _, err := img.RawConfigFile(); err != nil {
		t.Error(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		body, err := layer.Compressed()
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Error(err)
		}
		body.Close()
	}
}

func wantHeads(t *testing.T, side string, requests []string, n int) {
	t.Helper()
	if got := servertest.WithPrefix(requests, "HEAD "); len(got) != n || len(got) != len(requests) {
		t.Errorf("an unchanged run asked the %s for\n%s\nwant %d HEAD", side, strings.Join(requests, "\n"), n)
	}
}

func TestCopyWhatTheLockSays(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	locked := from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1)) // the tag moves
	plan := planOf(t, from, to, "app:v1")
	plan.Copies[0].Digest = locked

	report := open(t, login()).Copy(t.Context(), plan, Options{})
	wantAll(t, report, images.Copied)
	wantWhole(t, to, plan.Copies[0].Target, locked)
}

func TestCopyMovesATagThatChanged(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	plan := planOf(t, from, to, "app:v1")
	for range 2 {
		digest := from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
		wantAll(t, open(t, login()).Copy(t.Context(), plan, Options{}), images.Copied)
		wantWhole(t, to, plan.Copies[0].Target, digest)
	}
}

func TestCopyWritesTheTagLast(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "app:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	wantAll(t, open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1"), Options{}), images.Copied)

	var manifests bool
	requests := to.Take()
	for i, req := range requests {
		switch {
		case strings.HasPrefix(req, "PUT /v2/mirror/app/manifests/v1"):
			if rest := servertest.WithPrefix(requests[i+1:], "P"); len(rest) > 0 {
				t.Errorf("after the tag came %v", rest)
			}
			return
		case strings.HasPrefix(req, "PUT /v2/mirror/app/manifests/"):
			manifests = true
		case manifests && strings.Contains(req, "/blobs/"):
			t.Errorf("%s came after the first manifest", req)
		}
	}
	t.Error("the tag was not written")
}

func TestCopyThroughAMapping(t *testing.T) {
	cache, to := servertest.New(t, servertest.Basic), servertest.New(t, servertest.Plain)
	digest := cache.Put(t, "docker.io/library/alpine:3.20", servertest.NewImage(t, types.OCIManifestSchema1))
	cfg := login(cache, to)
	cfg.Mappings = []mapping.Mapping{{Host: "*", Registry: cache.Host, Prefix: "{host}"}}
	r := open(t, cfg)

	var inv images.Collector
	for _, s := range []string{"alpine:3.20", "busybox:1"} {
		ref, err := images.ParseRef(s)
		if err != nil {
			t.Fatal(err)
		}
		inv.Add(images.Image{Ref: ref})
	}
	report := r.Copy(t.Context(), images.NewPlan(inv.Inventory(), images.Target{Registry: to.Host}), Options{})
	if got := report.Results[0]; got.Outcome != images.Copied || got.Digest != digest {
		t.Errorf("alpine: %+v", got)
	}
	want := fmt.Sprintf("pulling docker.io/library/busybox:1 through %s/docker.io/library/busybox: 404 not found", cache.Host)
	if got := report.Results[1]; got.Error != want || got.Class != images.ClassNotFound {
		t.Errorf("busybox: %s: %q, want %q", got.Class, got.Error, want)
	}
}

func TestCopyKeepsItsConcurrency(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "app:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	from.Put(t, "app2:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	running, most := make(chan struct{}, 100), 0
	to.Fail(func(_ http.ResponseWriter, r *http.Request) bool {
		if isBlobPut(r) {
			running <- struct{}{}
			to.Mu.Lock()
			most = max(most, len(running))
			to.Mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			<-running
		}
		return false
	})
	wantAll(t, open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1", "app2:v1"), Options{Jobs: 1}), images.Copied)
	if most > 5 {
		t.Errorf("%d uploads at once with one job, want one large and four small ones at the most", most)
	}
}

func TestCheckTarget(t *testing.T) {
	for _, kind := range servertest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			s := servertest.New(t, kind)
			ref := images.Ref{Registry: s.Host, Repository: "mirror/app", Tag: "v1"}
			if err := open(t, login(s)).CheckTarget(t.Context(), ref); err != nil {
				t.Error(err)
			}
			if got := servertest.WithPrefix(s.Take(), "DELETE "); len(got) != 1 {
				t.Errorf("the upload was not canceled: %v", got)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	s := servertest.New(t, servertest.Token)
	want := s.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	r := open(t, login(s))
	ref := images.Ref{Registry: s.Host, Repository: "app", Tag: "v1"}
	if got, err := r.Digest(t.Context(), ref); got != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	wantHeads(t, "source", s.Take(), 1)

	s.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return r.Method == http.MethodHead
	})
	if got, err := r.Digest(t.Context(), ref); got != want || err != nil {
		t.Errorf("without HEAD: got %s, %v; want %s", got, err, want)
	}
	ref.Digest = "sha256:" + strings.Repeat("0", 64)
	if got, err := r.Digest(t.Context(), ref); faults.Classify(err) != images.ClassNotFound {
		t.Errorf("of a digest that is not there: got %s, %v", got, err)
	}
}

func TestCanceledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	report := open(t, login()).Copy(ctx, planOf(t, from, to, "a:1", "b:1"), Options{})
	wantAll(t, report, images.Skipped)
	if diff := cmp.Diff([]string(nil), append(from.Take(), to.Take()...)); diff != "" {
		t.Error(diff)
	}
}

func TestQuotas(t *testing.T) {
	s := servertest.New(t, servertest.Plain)
	s.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	s.Fail(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("RateLimit-Remaining", "76;w=21600")
		return false
	})
	r := open(t, login())
	if _, err := r.Digest(t.Context(), images.Ref{Registry: s.Host, Repository: "app", Tag: "v1"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{s.Host + " allows 76 more pulls in 6h0m0s"}, r.Quotas()); diff != "" {
		t.Error(diff)
	}
}
