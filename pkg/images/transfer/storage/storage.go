// Package storage makes the same of registries and archives: a source that images are read
// from, and a target that they are written to. It limits what a run asks of a registry, and
// tries again. It must not know what is copied, nor in which order.
package storage

import (
	"context"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
)

// Source is where one image is read: a repository in a registry, or an archive.
type Source interface {
	Name() string // what is read from the same name is the same
	lane() string // what is limited together
	Digest(ctx context.Context, id string) (string, error)
	Manifest(ctx context.Context, id string) (oci.Manifest, error)
	Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error)
	// Open reads a blob from an offset on, the whole of it verified if that is 0.
	Open(ctx context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, error)
	Wrap(what string, err error) error
}

// Read reads a blob to its end, which verifies it.
func Read(ctx context.Context, s Source, desc v1.Descriptor) error {
	content, err := s.Open(ctx, desc, 0)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}

// Target is where one image is written.
type Target interface {
	Source
	Pool() string // the registry, in which blobs can be mounted
	// Holds tells whether a blob is there.
	Holds(ctx context.Context, desc v1.Descriptor) (bool, error)
	// Claim tells whether a blob is there, mounts it from another repository that has it
	// (if from is not empty), or else starts an upload.
	Claim(ctx context.Context, desc v1.Descriptor, from string) (repository.Claim, error)
	// Resume finds out how far a broken upload has come.
	Resume(ctx context.Context, c repository.Claim) repository.Claim
	// Store uploads the rest of a blob, and closes it.
	Store(ctx context.Context, c *repository.Claim, desc v1.Descriptor, rest io.ReadCloser) error
	// Put writes a manifest; tag is empty if it is one of an index. It tells whether the
	// registry lists it as a referrer.
	Put(ctx context.Context, m oci.Manifest, tag string) (listed bool, err error)
}
