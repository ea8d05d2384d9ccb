// Package storage defines the interfaces between the engine and the storages of images:
// repositories in registries, and archives. It must not know what is copied, nor in which
// order.
package storage

import (
	"context"
	"errors"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

// Source reads one image. Its errors are *failure.OperationError; failure.IsNotFound is
// true for missing content.
type Source interface {
	Location() Location
	// Resolve returns the digest of a tag or digest.
	Resolve(ctx context.Context, reference string) (digest string, err error)
	// Manifest reads a manifest by tag or digest. With a digest, the content is verified.
	Manifest(ctx context.Context, reference string) (oci.Manifest, error)
	// Referrers lists the manifests whose subject is the digest.
	Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error)
	// Open reads a blob from an offset. The content is verified if offset is 0. Reading
	// continues after a broken connection; waiting is called before each wait.
	Open(ctx context.Context, desc v1.Descriptor, offset int64, waiting retry.Waiting) (io.ReadCloser, error)
}

// Target writes one image.
type Target interface {
	Source
	// Exists reports whether the target has a blob.
	Exists(ctx context.Context, desc v1.Descriptor) (bool, error)
	// Push puts a blob into the target: by a mount from another repository of the registry
	// (from, the Name of a Location, or ""), or with the content from open. An interrupted
	// upload is kept, and resumed by the next Push of the same blob.
	Push(ctx context.Context, desc v1.Descriptor, from string, open Opener) (Pushed, error)
	// PutManifest writes a manifest under a tag, or under its digest only if tag is empty.
	// listed is true if the storage lists the manifest as a referrer.
	PutManifest(ctx context.Context, m oci.Manifest, tag string) (listed bool, err error)
}

// Deleter is a target that can delete blobs.
type Deleter interface {
	Delete(ctx context.Context, desc v1.Descriptor) error
}

// Opener opens a blob at an offset.
type Opener func(ctx context.Context, offset int64) (io.ReadCloser, error)

// Pushed is the result of a Push.
type Pushed int

// The results of Push.
const (
	Existed  Pushed = iota // the target had the blob
	Mounted                // the target mounted the blob from another repository
	Uploaded               // the blob was written
)

// Progress receives the progress of one image. It is called from several goroutines.
type Progress interface {
	// Start is called before each request.
	Start()
	// Sent is called with the number of bytes of manifests and blobs while they are sent.
	// Bytes that are sent again are counted again.
	Sent(bytes int64)
	// Waiting is called before the wait for an attempt.
	Waiting(attempt int, err error, d time.Duration)
}

// Location identifies the content of one image in a storage.
type Location struct {
	Name     string // equal names mean equal content
	Registry string // repositories of one registry can mount blobs from each other
	Queue    string // key for limits of rate and concurrency
	Label    string // name in messages: a reference, with the registry through which it is accessed
	Doing    string // "pulling", "pushing", "reading", "writing"
	Write    bool   // the location is a target
}

// Wrap adds the operation and the label to an error, unless the error has them already.
// what is the part of the image, or "" for the image itself.
func (l Location) Wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var operation *failure.OperationError
	if errors.As(err, &operation) {
		return operation
	}
	return &failure.OperationError{Doing: l.Doing, Where: l.Label, What: what, AtTarget: l.Write, Err: err}
}

// Read reads a blob to its end, and so verifies it.
func Read(ctx context.Context, s Source, desc v1.Descriptor, waiting retry.Waiting) error {
	content, err := s.Open(ctx, desc, 0, waiting)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}

// Wrapped returns a reader whose errors name the operation, because they occur while
// another storage is written.
func (l Location) Wrapped(what string, body io.ReadCloser) io.ReadCloser {
	return &wrapped{ReadCloser: body, location: l, what: what}
}

type wrapped struct {
	io.ReadCloser
	location Location
	what     string
}

// Read implements io.Reader.
func (r *wrapped) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.location.Wrap(r.what, err)
}
