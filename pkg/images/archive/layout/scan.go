package layout

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/dockerarchive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// scan reads the positions of all blobs. If the file is open for writing, scan verifies
// blobs, and drops an incomplete end.
func (t *tarball) scan(verify bool) error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	reader := tar.NewReader(t.file)
	begin, where := int64(0), "at its start"
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) || (verify && err != nil) {
			return nil //nolint:nilerr // an incomplete end is written again
		}
		if err != nil {
			return fmt.Errorf("the archive is truncated or damaged %s: %w", where, err)
		}
		at, err := t.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if end := at + padded(header.Size); verify && (end < at || end > info.Size()) {
			return nil
		}
		if err := t.entry(header, reader, begin, at, verify); err != nil {
			return err
		}
		begin, where = at+padded(header.Size), "in or after "+header.Name
	}
}

// padded returns the size of a file in a tar file.
func padded(size int64) int64 { return (size + block - 1) / block * block }

func (t *tarball) entry(header *tar.Header, content io.Reader, begin, at int64, verify bool) error {
	if err := tarfile.Check(header); err != nil {
		return err
	}
	name := path.Clean(header.Name)
	rest, isBlob := strings.CutPrefix(name, "blobs/")
	switch {
	case name == indexFile:
		data, err := bounded.ReadAll(content, maxIndex)
		if err != nil {
			return fmt.Errorf("%s: %w", indexFile, err)
		}
		t.index = data
		if verify {
			return nil // the index is written again, at the end
		}
	case isBlob && header.Typeflag == tar.TypeReg:
		t.blob(rest, &span{header: begin, at: at, size: header.Size, full: !verify}, content)
	case name == layoutFile && verify:
		return nil
	case name == dockerarchive.ManifestFile:
		t.docker = true
	}
	t.end = at + padded(header.Size)
	return nil
}

// blob records the position of a blob. name is the name of the file below blobs/. If the
// file is open for writing, the blob counts as complete only after verification.
func (t *tarball) blob(name string, s *span, content io.Reader) {
	digest, err := v1.NewHash(strings.Replace(name, "/", ":", 1))
	if err != nil {
		return
	}
	if !s.full {
		hasher := sha256.New()
		n, err := io.Copy(hasher, content)
		s.full = err == nil && n == s.size && hex.EncodeToString(hasher.Sum(nil)) == digest.Hex
	}
	t.places[digest] = s
}
