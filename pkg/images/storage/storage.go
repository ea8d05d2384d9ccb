// Package storage says what a copy asks of the places where images are: of a repository in
// a registry, and of an archive. Both implement it. It does nothing by itself, and must not
// know what is copied, nor in which order.
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

// Source is where one image is read. Errors say what was tried on what
// (*failure.OperationError); failure.IsNotFound tells those for what is not there.
type Source interface {
	Location() Location
	// Resolve returns the digest of what a tag or a digest is.
	Resolve(ctx context.Context, reference string) (digest string, err error)
	// Manifest reads a manifest by its tag or its digest. It is verified against the digest.
	Manifest(ctx context.Context, reference string) (oci.Manifest, error)
	// Referrers lists the manifests whose subject is the digest.
	Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error)
	// Open reads a blob from an offset on, the whole of it verified if that is 0. If the
	// connection breaks off, reading goes on with another one; waiting is told when.
	Open(ctx context.Context, desc v1.Descriptor, offset int64, waiting retry.Waiting) (io.ReadCloser, error)
}

// Target is where one image is written.
type Target interface {
	Source
	// Exists tells whether a blob is there.
	Exists(ctx context.Context, desc v1.Descriptor) (bool, error)
	// Push makes a blob be there: by a mount from another repository of the registry that
	// may have it (from, a name of a Location; "" for none), else with what open reads. An
	// upload that breaks off is kept, and continued by the next Push of the same blob.
	Push(ctx context.Context, desc v1.Descriptor, from string, open Opener) (Pushed, error)
	// PutManifest writes a manifest under a tag, or under its digest only if tag is empty.
	// It tells whether the storage lists it as a referrer.
	PutManifest(ctx context.Context, m oci.Manifest, tag string) (listed bool, err error)
}

// Deleter is a target that blobs can be taken out of.
type Deleter interface {
	Delete(ctx context.Context, desc v1.Descriptor) error
}

// Opener reads a blob from an offset on.
type Opener func(ctx context.Context, offset int64) (io.ReadCloser, error)

// Pushed is how a blob came to be at a target.
type Pushed int

// What Push has done.
const (
	Existed  Pushed = iota // nothing: it was there
	Mounted                // mounted it from another repository
	Uploaded               // written it
)

// Progress is told what a storage does for one image. Calls come from several goroutines.
type Progress interface {
	// Start is called before each request.
	Start()
	// Sent is called with bytes of manifests and blobs while they are sent, again if they
	// are sent again.
	Sent(bytes int64)
	// Waiting is called before the wait that precedes an attempt.
	Waiting(attempt int, err error, d time.Duration)
}

// Location is where the content of an image is.
type Location struct {
	Name     string // what is read from the same name is the same
	Registry string // blobs of one repository can be mounted into the others of a registry
	Queue    string // what is limited together
	Label    string // how messages name it: a reference, and through what it is reached
	Doing    string // "pulling", "pushing", "reading", "writing"
	Write    bool   // it is a target
}

// Wrap says what was tried; an error that says so already stays as it is. what is the part
// of the image that is concerned, "" for the image itself.
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

// Read reads a blob to its end, which verifies it.
func Read(ctx context.Context, s Source, desc v1.Descriptor, waiting retry.Waiting) error {
	content, err := s.Open(ctx, desc, 0, waiting)
	if err != nil {
		return err
	}
	defer content.Close()
	_, err = io.Copy(io.Discard, content)
	return err
}

// Wrapped returns a reader whose errors say what was tried, because they surface when
// something else is written.
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
