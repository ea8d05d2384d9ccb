package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// verified returns a reader that compares what is read with a descriptor at its end.
func verified(blob io.ReadCloser, layer v1.Descriptor) io.ReadCloser {
	return &verifier{ReadCloser: blob, want: layer, left: layer.Size, hash: sha256.New()}
}

// verifier compares a blob with its descriptor.
type verifier struct {
	io.ReadCloser
	want v1.Descriptor
	left int64
	hash hash.Hash
}

// Read implements io.Reader. The error is a *failure.DigestError.
func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	v.hash.Write(p[:n])
	v.left -= int64(n)
	if v.left < 0 || errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(v.hash.Sum(nil)); v.left != 0 || got != v.want.Digest.Hex {
			return n, &failure.DigestError{Want: v.want.Digest.String(), Got: "sha256:" + got}
		}
	}
	return n, err
}
