package transfer_test

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// damage replaces the content of a blob of the first image at the target.
func damage(t *testing.T, to strict, f registrytest.Fleet) v1.Hash {
	t.Helper()
	own, err := registrytest.NewLayer(1_000_000, f.OwnSize)
	if err != nil {
		t.Fatal(err)
	}
	to.AddBlob("mirror/team/app-000", own.Digest, registrytest.Generated(99, f.OwnSize))
	return own.Digest
}

func TestDamagedBlobsAreReplaced(t *testing.T) {
	for name, into := range map[string]registrytest.Options{"with mounts": {}, "without": {NoMounts: true}} {
		t.Run(name, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, into)
			f := small(3)
			plan := fleet(t, f, from, to)
			wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
			digest := damage(t, to, f)
			found := open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true)
			from.Take()
			wantAll(t, open(t, login()).Repair(t.Context(), plan, found, transfer.Options{}), images.Copied)
			if blobs := from.Take().Blobs; len(blobs) != 1 || blobs[digest] != 1 {
				t.Errorf("fetched: %v, want %s", blobs, digest)
			}
			again := open(t, login()).Verify(t.Context(), found.Broken(plan), transfer.Options{}, true)
			if len(again.Checks) != 1 {
				t.Errorf("%d images were checked again", len(again.Checks))
			}
			wantFindings(t, found.Updated(again), nil)
		})
	}
}

// TestDamageThatStays covers registries that do not delete blobs, and registries that keep
// the first content, as distribution does.
func TestDamageThatStays(t *testing.T) {
	for text, into := range map[string]registrytest.Options{
		"the registry does not delete the blob: 405": {NoDelete: true},
		"still serves damaged content":               {KeepsFirst: true},
	} {
		from, to := newStrict(t, registrytest.Options{}), newStrict(t, into)
		f := small(2)
		plan := fleet(t, f, from, to)
		wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
		digest := damage(t, to, f)
		found := open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true)
		report := open(t, login()).Repair(t.Context(), plan, found, transfer.Options{})
		res := report.Results[0]
		if len(report.Results) != 1 || res.Outcome != images.Failed || !strings.Contains(res.Error, text) {
			t.Errorf("got %+v, want %q", report.Results, text)
		}
		if where := plan.Copies[0].Target.Name(); !strings.Contains(res.Remedy, digest.String()) || !strings.Contains(res.Remedy, where) {
			t.Errorf("the remedy does not name %s of %s: %s", digest, where, res.Remedy)
		}
	}
}

// spoilt is a storage that returns wrong content for one blob.
type spoilt struct {
	registry.BlobHandler

	mu      sync.Mutex
	damaged map[v1.Hash]bool
}

func (s *spoilt) Get(ctx context.Context, repo string, h v1.Hash) (io.ReadCloser, error) {
	content, err := s.BlobHandler.Get(ctx, repo, h)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || !s.damaged[h] {
		return content, err
	}
	data, err := io.ReadAll(content)
	data[0]++
	return io.NopCloser(strings.NewReader(string(data))), err
}

func (s *spoilt) Put(ctx context.Context, repo string, h v1.Hash, content io.ReadCloser) error {
	s.mu.Lock()
	delete(s.damaged, h)
	s.mu.Unlock()
	return s.BlobHandler.(registry.BlobPutHandler).Put(ctx, repo, h, content)
}

func (s *spoilt) Delete(ctx context.Context, repo string, h v1.Hash) error {
	return s.BlobHandler.(registry.BlobDeleteHandler).Delete(ctx, repo, h)
}

// TestDamagedInAnotherRegistry repairs blobs of two repositories, in a registry that stores
// them once.
func TestDamagedInAnotherRegistry(t *testing.T) {
	from := newStrict(t, registrytest.Options{})
	storage := &spoilt{BlobHandler: registry.NewInMemoryBlobHandler(), damaged: map[v1.Hash]bool{}}
	srv := httptest.NewServer(registry.New(registry.WithBlobHandler(storage), registry.Logger(log.New(io.Discard, "", 0))))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	to := strict{server: &servertest.Server{Registry: servertest.Registry{Host: strings.TrimPrefix(srv.URL, "http://")}}}
	plan := fleet(t, small(4), from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	base, err := registrytest.NewLayer(1, 300<<10)
	if err != nil {
		t.Fatal(err)
	}
	storage.damaged[base.Digest] = true
	found := open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true)
	if n := len(found.Broken(plan).Copies); n < 2 {
		t.Fatalf("%d images are broken", n)
	}
	wantAll(t, open(t, login()).Repair(t.Context(), plan, found, transfer.Options{}), images.Copied)
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true), nil)
}
