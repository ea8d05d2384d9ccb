// Package storagetest has an in-memory storage, and a test suite for all storages, so that
// tests with the in-memory storage hold for the others.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Memory is an in-memory repository. It is safe for concurrent use.
type Memory struct {
	at       storage.Location
	registry *Registry

	mu        sync.Mutex
	blobs     map[v1.Hash][]byte
	manifests map[string]oci.Manifest // by digest
	tags      map[string]string

	// Fail is called before a blob is opened or pushed; its error is returned. nil never
	// fails. It must be set before the storage is used.
	Fail func(doing string, digest v1.Hash) error
}

// Registry is an in-memory registry.
type Registry struct {
	Name     string
	NoMounts bool

	mu           sync.Mutex
	repositories map[string]*Memory
}

// Repository returns a repository of the registry. With write, it can also be read.
func (r *Registry) Repository(name string, write bool) *Memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	full := r.Name + "/" + name
	if m, ok := r.repositories[full]; ok {
		return m
	}
	doing := "pulling"
	if write {
		doing = "pushing"
	}
	m := &Memory{
		at:       storage.Location{Name: full, Registry: r.Name, Queue: doing + " " + r.Name, Label: full, Doing: doing, Write: write},
		registry: r, blobs: map[v1.Hash][]byte{}, manifests: map[string]oci.Manifest{}, tags: map[string]string{},
	}
	if r.repositories == nil {
		r.repositories = map[string]*Memory{}
	}
	r.repositories[full] = m
	return m
}

// AddBlob adds a blob to the repository.
func (m *Memory) AddBlob(data []byte) v1.Descriptor {
	digest, size, _ := v1.SHA256(bytes.NewReader(data)) // reading from memory does not fail
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[digest] = data
	return v1.Descriptor{Digest: digest, Size: size}
}

// RemoveBlob removes a blob from the repository.
func (m *Memory) RemoveBlob(digest v1.Hash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, digest)
}

// RemoveManifest removes a manifest from the repository, and keeps its tags.
func (m *Memory) RemoveManifest(digest string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.manifests, digest)
}

// Location implements storage.Source.
func (m *Memory) Location() storage.Location { return m.at }

func (m *Memory) absent(what, name string) error {
	return m.at.Wrap(what, &failure.NotFoundError{Name: name, Where: m.at.Name})
}

// Resolve implements storage.Source.
func (m *Memory) Resolve(_ context.Context, reference string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	digest, ok := m.tags[reference]
	if !ok {
		digest = reference
	}
	if _, ok := m.manifests[digest]; !ok {
		return "", m.absent("", reference)
	}
	return digest, nil
}

// Manifest implements storage.Source.
func (m *Memory) Manifest(ctx context.Context, reference string) (oci.Manifest, error) {
	digest, err := m.Resolve(ctx, reference)
	if err != nil {
		return oci.Manifest{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.manifests[digest], nil
}

// Referrers implements storage.Source.
func (m *Memory) Referrers(_ context.Context, digest string) ([]v1.Descriptor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []v1.Descriptor
	for _, manifest := range m.manifests {
		if manifest.Subject() != digest {
			continue
		}
		hash, err := v1.NewHash(manifest.Digest)
		if err != nil {
			return nil, err
		}
		found = append(found, v1.Descriptor{MediaType: manifest.MediaType, Digest: hash, Size: int64(len(manifest.Raw))})
	}
	return found, nil
}

// Open implements storage.Source.
func (m *Memory) Open(_ context.Context, desc v1.Descriptor, offset int64, _ retry.Waiting) (io.ReadCloser, error) {
	if m.Fail != nil {
		if err := m.Fail("open", desc.Digest); err != nil {
			return nil, m.at.Wrap("blob "+desc.Digest.String(), err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.blobs[desc.Digest]
	if !ok {
		return nil, m.absent("blob "+desc.Digest.String(), desc.Digest.String())
	}
	if got, _, err := v1.SHA256(bytes.NewReader(data)); err != nil || (got != desc.Digest && offset == 0) {
		return m.at.Wrapped("blob "+desc.Digest.String(), other{want: desc.Digest, got: got}), nil
	}
	return io.NopCloser(bytes.NewReader(data[offset:])), nil
}

// other is a blob with wrong content.
type other struct{ want, got v1.Hash }

func (o other) Read([]byte) (int, error) {
	return 0, &failure.DigestError{Want: o.want.String(), Got: o.got.String()}
}

func (other) Close() error { return nil }

// Spoil replaces the content of a blob.
func (m *Memory) Spoil(digest v1.Hash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[digest] = []byte("other content")
}

// Exists implements storage.Target.
func (m *Memory) Exists(_ context.Context, desc v1.Descriptor) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.blobs[desc.Digest]
	return ok, nil
}

// Push implements storage.Target.
func (m *Memory) Push(ctx context.Context, desc v1.Descriptor, from string, open storage.Opener) (storage.Pushed, error) {
	what := "blob " + desc.Digest.String()
	if m.Fail != nil {
		if err := m.Fail("push", desc.Digest); err != nil {
			return storage.Existed, m.at.Wrap(what, err)
		}
	}
	if there, err := m.Exists(ctx, desc); there || err != nil {
		return storage.Existed, err
	}
	if data, ok := m.registry.blob(from, desc.Digest); ok {
		m.AddBlob(data)
		return storage.Mounted, nil
	}
	content, err := open(ctx, 0)
	if err != nil {
		return storage.Uploaded, err
	}
	defer content.Close()
	data, err := io.ReadAll(content)
	if err != nil {
		return storage.Uploaded, m.at.Wrap(what, err)
	}
	if got := m.AddBlob(data); got.Digest != desc.Digest {
		return storage.Uploaded, m.at.Wrap(what, errors.New("it is another blob"))
	}
	return storage.Uploaded, nil
}

// blob returns a blob that can be mounted from a repository.
func (r *Registry) blob(from string, digest v1.Hash) ([]byte, bool) {
	r.mu.Lock()
	other, ok := r.repositories[from]
	r.mu.Unlock()
	if !ok || r.NoMounts {
		return nil, false
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	data, ok := other.blobs[digest]
	return data, ok
}

// PutManifest implements storage.Target.
func (m *Memory) PutManifest(_ context.Context, manifest oci.Manifest, tag string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.manifests[manifest.Digest] = manifest
	if tag != "" {
		m.tags[tag] = manifest.Digest
	}
	return manifest.Subject() != "", nil
}
