package dockerarchive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// layer is a layer of the archive.
type layer struct {
	format compression.Format
	digest v1.Hash
	diffID v1.Hash // digest of the uncompressed content; zero if it was not computed
	size   int64
	remote *v1.Descriptor // a non-distributable layer, which the archive does not have
}

// layer returns the layer of a member. diffID is the digest of the uncompressed content,
// from the configuration. An uncompressed layer must have this digest. For a compressed
// layer, the digest is taken from the name of the member if the name has one, as written by
// crane and buildkit; this saves reading the layer in advance. In both cases, the content
// is verified when it is read.
func (r *reader) layer(ctx context.Context, name string, diffID v1.Hash) (layer, error) {
	p, err := r.members.file(name)
	if err != nil {
		return layer{}, err
	}
	l, ok := r.layers[p.member]
	if !ok {
		if l, err = r.inspect(ctx, p, diffID); err != nil {
			return layer{}, err
		}
		r.layers[p.member] = l
		r.archive.blobs[l.digest] = content{place: p}
	}
	if l.diffID != (v1.Hash{}) && l.diffID != diffID {
		return layer{}, &failure.DamagedError{Member: p.member, Reason: "has the content " + l.diffID.String() + ", expected " + diffID.String()}
	}
	return l, nil
}

func (r *reader) inspect(ctx context.Context, p place, diffID v1.Hash) (layer, error) {
	section := io.NewSectionReader(r.archive.file, p.at, p.size)
	l := layer{size: p.size}
	var err error
	if l.format, err = compression.DetectAt(section); err != nil {
		return l, &failure.DamagedError{Member: p.member, Reason: "cannot be read: " + err.Error()}
	}
	if l.format == compression.None {
		l.digest, l.diffID = diffID, diffID
		return l, nil
	}
	if digest, ok := digestIn(p.member); ok && digest != diffID {
		l.digest = digest
		return l, nil
	}
	l.digest, l.diffID, err = unpackedDigests(ctx, section, l.format)
	if err != nil && ctx.Err() == nil {
		err = &failure.DamagedError{Member: p.member, Reason: "cannot be unpacked: " + err.Error()}
	}
	return l, err
}

// digestIn returns the digest in the name of a member, such as DIGEST.tar.gz, sha256:DIGEST
// or blobs/sha256/DIGEST.
func digestIn(member string) (v1.Hash, bool) {
	base := strings.TrimPrefix(path.Base(member), "sha256:")
	base, _, _ = strings.Cut(base, ".")
	digest, err := v1.NewHash("sha256:" + base)
	return digest, err == nil
}

// unpackedDigests returns the digests of a layer and of its uncompressed content.
func unpackedDigests(ctx context.Context, packed io.Reader, f compression.Format) (digest, diffID v1.Hash, err error) {
	outer, inner := sha256.New(), sha256.New()
	tee := io.TeeReader(packed, outer)
	unpacked, err := compression.NewReader(tee, f)
	if err != nil {
		return digest, diffID, err
	}
	defer unpacked.Close()
	if err = copyAll(ctx, inner, unpacked); err == nil {
		err = copyAll(ctx, io.Discard, tee)
	}
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(outer.Sum(nil))},
		v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(inner.Sum(nil))}, err
}

// copyAll copies to the end, or until ctx is done.
func copyAll(ctx context.Context, to io.Writer, from io.Reader) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(to, from, 16<<20); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
