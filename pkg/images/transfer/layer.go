package transfer

import (
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer is a blob as remote.Pusher wants to have it. It is opened when the registry
// wants its content, which passes through without being kept.
type layer struct {
	v1.Descriptor
	open func() (io.ReadCloser, error)
}

// Digest implements v1.Layer.
func (l *layer) Digest() (v1.Hash, error) { return l.Descriptor.Digest, nil }

// Size implements v1.Layer.
func (l *layer) Size() (int64, error) { return l.Descriptor.Size, nil }

// MediaType implements v1.Layer.
func (l *layer) MediaType() (types.MediaType, error) { return l.Descriptor.MediaType, nil }

// Compressed implements v1.Layer.
func (l *layer) Compressed() (io.ReadCloser, error) { return l.open() }

// DiffID implements v1.Layer. Nothing that is copied is unpacked.
func (l *layer) DiffID() (v1.Hash, error) { return v1.Hash{}, errors.ErrUnsupported }

// Uncompressed implements v1.Layer. Nothing that is copied is unpacked.
func (l *layer) Uncompressed() (io.ReadCloser, error) { return nil, errors.ErrUnsupported }

// sourceReader makes errors of reading say so, because they surface when writing.
type sourceReader struct {
	io.ReadCloser
	wrap func(error) error
}

// Read implements io.Reader.
func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.wrap(err)
}
