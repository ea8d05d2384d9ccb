package transfer

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// A forecast is a copy to targets that take nothing: the same engine plans the same moves, so that
// a forecast and the copy that follows agree. ledger counts what the copy would do.
type ledger struct {
	slots int // blobs that are begun before it is known how the target tells that a blob exists

	mu        sync.Mutex
	traffic   map[string]*images.Traffic // by registry
	before    map[images.Ref]string      // digest at a target, by target
	sources   map[int]string             // digest at the source, by rank in the plan
	trees     map[int][]images.Part      // by rank in the plan
	uploaded  map[string]bool            // digests of blobs that would be uploaded
	needed    int64                      // bytes that an archive would grow by
	manifests map[string]bool            // that an archive would store, by digest
}

func newLedger(jobs int) *ledger {
	limits := scheduler.LimitsFor(jobs)
	return &ledger{
		slots: limits.Small, traffic: map[string]*images.Traffic{}, before: map[images.Ref]string{}, sources: map[int]string{}, trees: map[int][]images.Part{},
		uploaded: map[string]bool{}, manifests: map[string]bool{},
	}
}

// count changes the traffic of a registry.
func (l *ledger) count(host string, change func(*images.Traffic)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, ok := l.traffic[host]
	if !ok {
		t = &images.Traffic{Registry: host}
		l.traffic[host] = t
	}
	change(t)
}

// request counts one request to a registry.
func (l *ledger) request(host string) {
	l.count(host, func(t *images.Traffic) { t.Requests++ })
}

// read counts how a manifest was read: a sync finds those that this forecast has read among the
// kept manifests.
func (l *ledger) read(host string, how compare.Reading) {
	l.count(host, func(t *images.Traffic) {
		t.Unkept++
		switch {
		case !how.Keeps:
			t.Pulls++
		case how.Asked && !how.Again:
			t.Requests-- // was counted when the forecast sent it
		}
	})
}

// asked counts a small request to a source. Requests to targets are counted by what they are for,
// because a forecast sends others than a sync.
func (l *ledger) asked(queue string) {
	if host, ok := strings.CutPrefix(queue, "pull "); ok {
		l.request(host)
	}
}

// compared records the digest of an image at its source.
func (l *ledger) compared(rank int, digest string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sources[rank] = digest
}

// resolved records the manifests of an image that would be copied.
func (l *ledger) resolved(rank int, parts []images.Part) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trees[rank] = slices.DeleteFunc(parts, func(part images.Part) bool { return part.Left })
}

// drySource is a source whose blobs are not read.
type drySource struct {
	storage.Source
	ledger *ledger
}

// Open implements storage.Source: it counts a download.
func (s *drySource) Open(context.Context, v1.Descriptor, int64, retry.Waiting) (io.ReadCloser, error) {
	s.ledger.request(s.Location().Registry)
	return io.NopCloser(bytes.NewReader(nil)), nil
}

// Lacks reports whether the source is known to lack a tag: see compare.
func (s *drySource) Lacks(ctx context.Context, tag string) (bool, error) {
	if l, ok := s.Source.(interface {
		Lacks(ctx context.Context, tag string) (bool, error)
	}); ok {
		return l.Lacks(ctx, tag)
	}
	return false, nil
}

// dryTarget is a target that takes nothing.
type dryTarget struct {
	storage.Target
	ledger   *ledger
	copy     images.Copy
	progress storage.Progress
	archive  bool
}

// Resolve implements storage.Source.
func (t *dryTarget) Resolve(ctx context.Context, reference string) (string, error) {
	t.ledger.request(t.Location().Registry)
	digest, err := t.Target.Resolve(ctx, reference)
	if err == nil && reference == t.copy.Target.PushTag() {
		t.ledger.mu.Lock()
		defer t.ledger.mu.Unlock()
		t.ledger.before[t.copy.Written()] = digest
	}
	return digest, err
}

// Manifest implements storage.Source.
func (t *dryTarget) Manifest(ctx context.Context, reference string) (oci.Manifest, error) {
	t.ledger.request(t.Location().Registry)
	return t.Target.Manifest(ctx, reference)
}

// Push implements storage.Target: it counts what a push would do.
func (t *dryTarget) Push(ctx context.Context, desc v1.Descriptor, from string, open storage.Opener) (storage.Pushed, error) {
	if from != "" && !t.archive {
		t.ledger.count(t.Location().Registry, func(traffic *images.Traffic) { traffic.Requests, traffic.Mounts = traffic.Requests+1, traffic.Mounts+1 })
		return storage.Mounted, nil
	}
	there, err := t.Exists(ctx, desc)
	if err != nil {
		return storage.Existed, err
	}
	if there {
		t.ledger.request(t.Location().Registry)
		return storage.Existed, nil
	}
	content, err := open(ctx, 0)
	if err != nil {
		return storage.Existed, err
	}
	t.upload(desc)
	return storage.Uploaded, content.Close()
}

// upload counts the upload of a blob: a request that begins it and one that ends it, one with the
// content of a large blob. The first blobs are begun with a request that asks for the blob, and one
// more request then finds out that the registry tells with the first whether a blob exists.
func (t *dryTarget) upload(desc v1.Descriptor) {
	t.ledger.count(t.Location().Registry, func(traffic *images.Traffic) {
		traffic.Requests += 2
		if desc.Size >= registry.Streamed {
			traffic.Requests++
		}
		if traffic.Uploads == 0 {
			traffic.Requests++
		}
		if traffic.Uploads++; traffic.Uploads <= t.ledger.slots {
			traffic.Requests++
		}
	})
	t.ledger.mu.Lock()
	t.ledger.uploaded[desc.Digest.String()] = true
	t.ledger.needed = images.Add(t.ledger.needed, desc.Size)
	t.ledger.mu.Unlock()
	t.progress.Sent(desc.Size)
}

// PutManifest implements storage.Target: it counts the manifest.
func (t *dryTarget) PutManifest(ctx context.Context, m oci.Manifest, _ string) (bool, error) {
	if t.archive {
		return m.Subject() != "", t.store(ctx, m)
	}
	t.ledger.request(t.Location().Registry)
	t.progress.Sent(int64(len(m.Raw)))
	if m.Subject() == "" {
		return false, nil
	}
	lists, ok := t.Target.(interface {
		Lists(ctx context.Context, digest string) (bool, error)
	})
	if !ok {
		return true, nil
	}
	return lists.Lists(ctx, m.Subject())
}

// store counts the room for a manifest that an archive lacks.
func (t *dryTarget) store(ctx context.Context, m oci.Manifest) error {
	digest, err := v1.NewHash(m.Digest)
	if err != nil {
		return t.Location().Wrap("", oci.Invalid(err))
	}
	there, err := t.Exists(ctx, v1.Descriptor{Digest: digest, Size: int64(len(m.Raw))})
	if err != nil || there {
		return err
	}
	t.ledger.mu.Lock()
	defer t.ledger.mu.Unlock()
	if !t.ledger.manifests[m.Digest] {
		t.ledger.manifests[m.Digest] = true
		t.ledger.needed = images.Add(t.ledger.needed, int64(len(m.Raw)))
	}
	return nil
}

// Noted reports whether an archive stores kind and second places of the image: see compare.
func (t *dryTarget) Noted() bool {
	if noting, ok := t.Target.(interface{ Noted() bool }); ok {
		return noting.Noted()
	}
	return true
}

// Unlisted returns the second places that an archive does not store: see compare.
func (t *dryTarget) Unlisted() []string {
	if noting, ok := t.Target.(interface{ Unlisted() []string }); ok {
		return noting.Unlisted()
	}
	return nil
}
