package oci

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Verifier verifies size and digest of a blob while it is read. It withholds the last bytes
// of a blob that does not match.
type Verifier struct {
	body   io.ReadCloser
	want   v1.Descriptor
	hasher hash.Hash // nil unless the blob is read from its start
	at     int64
}

// NewVerifier returns a reader of a body that contains a blob from an offset. For an offset
// other than 0, only the size is verified. Reading fails with a *failure.DigestError for
// wrong content, and with a *failure.InterruptedError if the body ends too early.
func NewVerifier(want v1.Descriptor, offset int64, body io.ReadCloser) (*Verifier, error) {
	hasher, err := v1.Hasher(want.Digest.Algorithm)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		hasher = nil
	}
	return &Verifier{body: body, want: want, hasher: hasher, at: offset}, nil
}

// Read implements io.Reader.
func (v *Verifier) Read(p []byte) (int, error) {
	n, err := v.body.Read(p)
	v.at += int64(n)
	if v.hasher != nil {
		v.hasher.Write(p[:n])
	}
	switch {
	case v.at > v.want.Size:
		return 0, v.different(fmt.Sprintf("more than its %d bytes", v.want.Size))
	case v.at == v.want.Size:
		return v.last(n)
	case errors.Is(err, io.EOF):
		return n, &failure.InterruptedError{Err: io.ErrUnexpectedEOF}
	default:
		return n, err
	}
}

// last verifies the blob at its end.
func (v *Verifier) last(n int) (int, error) {
	if v.hasher != nil {
		if got := hex.EncodeToString(v.hasher.Sum(nil)); got != v.want.Digest.Hex {
			return 0, v.different(v.want.Digest.Algorithm + ":" + got)
		}
	}
	return n, io.EOF
}

func (v *Verifier) different(got string) error {
	return &failure.DigestError{Want: v.want.Digest.String(), Got: got}
}

// Close implements io.Closer.
func (v *Verifier) Close() error { return v.body.Close() }
