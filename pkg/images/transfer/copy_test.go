package transfer_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

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

	report := open(t, login()).Copy(t.Context(), plan, transfer.Options{})
	wantAll(t, report, images.Copied)
	wantContent(t, &to.Registry, plan.Copies[0].Target, locked)
}

func TestCopyMovesATagThatChanged(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	plan := planOf(t, from, to, "app:v1")
	for range 2 {
		digest := from.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
		wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
		wantContent(t, &to.Registry, plan.Copies[0].Target, digest)
	}
}

func TestCopyWritesTheTagLast(t *testing.T) {
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	from.Put(t, "app:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1))
	wantAll(t, open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1"), transfer.Options{}), images.Copied)

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
	cfg.Rewrite = []rewrite.Rule{{Host: "*", Registry: cache.Host, Prefix: "{host}"}}
	r := open(t, cfg)

	var inv images.Collector
	for _, s := range []string{"alpine:3.20", "busybox:1"} {
		ref, err := images.ParseRef(s)
		if err != nil {
			t.Fatal(err)
		}
		inv.Add(images.Image{Ref: ref})
	}
	report := r.Copy(t.Context(), images.NewPlan(inv.Inventory(), images.Target{Registry: to.Host}), transfer.Options{})
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
	wantAll(t, open(t, login()).Copy(t.Context(), planOf(t, from, to, "app:v1", "app2:v1"), transfer.Options{Jobs: 1}), images.Copied)
	if most > 5 {
		t.Errorf("%d uploads at once with one job, want one large and four small ones at the most", most)
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
	if got, err := r.Digest(t.Context(), ref); failure.Classify(err) != images.ClassNotFound {
		t.Errorf("of a digest that is not there: got %s, %v", got, err)
	}
}

func TestCanceledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
	report := open(t, login()).Copy(ctx, planOf(t, from, to, "a:1", "b:1"), transfer.Options{})
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
