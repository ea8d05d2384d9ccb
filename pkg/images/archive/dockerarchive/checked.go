package dockerarchive

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// checked reads a blob. It withholds the last bytes of a blob that does not match its
// digest.
type checked struct {
	section *io.SectionReader
	place   place
	want    v1.Hash
	hasher  hash.Hash // nil unless the blob is read from its start
	at      int64
}

func newChecked(file io.ReaderAt, p place, want v1.Hash) *checked {
	return &checked{section: io.NewSectionReader(file, p.at, p.size), place: p, want: want, hasher: sha256.New()}
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.section.Read(p)
	c.at += int64(n)
	if c.hasher == nil {
		return n, err
	}
	c.hasher.Write(p[:n])
	if c.at == c.place.size {
		if got := hex.EncodeToString(c.hasher.Sum(nil)); got != c.want.Hex {
			return 0, &failure.DamagedError{Member: c.place.member, Reason: "has the digest sha256:" + got + ", expected " + c.want.String()}
		}
	}
	return n, err
}

// Seek implements io.Seeker. A blob is verified only if it is read from its start.
func (c *checked) Seek(offset int64, whence int) (int64, error) {
	at, err := c.section.Seek(offset, whence)
	if err != nil {
		return at, err
	}
	c.at, c.hasher = at, nil
	if at == 0 {
		c.hasher = sha256.New()
	}
	return at, nil
}

// Close implements io.Closer. The file stays open.
func (c *checked) Close() error { return nil }
