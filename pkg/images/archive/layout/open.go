package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/dockerarchive"
)

// fileScheme is the prefix of archives in kubermatic-installer mirror-images.
const fileScheme = "local://"

// Open opens an archive for reading: oci:DIR, oci-archive:FILE.tar, local://FILE, or a
// path. The format is detected from the content: an OCI image layout in a directory or tar
// file, or a docker-archive; tar files may be compressed with gzip. Open decompresses and
// reads as much as necessary, until ctx is done. Errors for docker-archives may be a
// *failure.DamagedError, and errors of decompression a *NoSpaceError.
func Open(ctx context.Context, name string) (*Archive, error) {
	s, err := openStore(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a, err := load(name, s)
	if err != nil {
		return nil, err
	}
	a.describe()
	return a, nil
}

func openStore(ctx context.Context, name string) (store, error) {
	if dir, ok := strings.CutPrefix(name, DirScheme); ok {
		return openDir(dir)
	}
	path := strings.TrimPrefix(strings.TrimPrefix(name, TarScheme), fileScheme)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openDir(path)
	}
	if err := regular(path, info); err != nil {
		return nil, err
	}
	return openFile(ctx, path)
}

// openFile opens a tar file, compressed or not.
func openFile(ctx context.Context, path string) (store, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	format, err := compression.DetectAt(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if format != compression.Gzip {
		return openTar(ctx, f)
	}
	unpacked, err := unpack(ctx, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	s, err := openTar(ctx, unpacked)
	if err != nil {
		return nil, errors.Join(err, removed(unpacked.Name()))
	}
	return temporary{store: s, path: unpacked.Name()}, nil
}

// openTar opens a tar file that is not compressed. It closes the file on error.
func openTar(ctx context.Context, f *os.File) (store, error) {
	t := &tarball{file: f, places: map[v1.Hash]*span{}}
	_, err := f.Seek(0, io.SeekStart)
	if err == nil {
		err = t.scan(false)
	}
	if err == nil && t.index == nil && t.docker {
		return openSaved(ctx, f)
	}
	if err == nil && t.index == nil {
		err = errors.New("the file has neither " + indexFile + " nor " + dockerarchive.ManifestFile + ": it is truncated, or not an archive of images")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return t, nil
}
