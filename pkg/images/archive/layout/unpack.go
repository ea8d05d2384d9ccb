package layout

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

const (
	// piece is the number of bytes that are decompressed between two checks of the free
	// space.
	piece = 16 << 20

	// The decompressed size is limited to this multiple of the compressed size. The layers
	// in an archive are compressed already, so the multiple is small; gzip allows up to
	// 1,000. Small archives have a fixed limit.
	mostTimes = 32
	leastSize = 64 << 20 // bytes
)

// unpack decompresses a file into a temporary file, because blobs are read in any order.
// The temporary file is removed when it is closed or, on systems that can remove open
// files, when the process is killed.
func unpack(ctx context.Context, packed *os.File) (*os.File, error) {
	info, err := packed.Stat()
	if err == nil {
		err = roomToSpare(os.TempDir(), info.Size())
	}
	if err != nil {
		return nil, unpacking(err)
	}
	f, err := os.CreateTemp("", "kkp-mirror-*.tar")
	if err != nil {
		return nil, unpacking(err)
	}
	_ = os.Remove(f.Name())
	if err := unpackTo(ctx, f, packed, max(mostTimes*info.Size(), leastSize)); err != nil {
		return nil, errors.Join(unpacking(err), f.Close(), removed(f.Name()))
	}
	return f, nil
}

// unpackTo decompresses up to a limit in bytes.
func unpackTo(ctx context.Context, to io.Writer, packed io.Reader, limit int64) error {
	from, err := gzip.NewReader(packed)
	if err != nil {
		return damaged(err)
	}
	for unpacked := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := roomToSpare(os.TempDir(), piece); err != nil {
			return err
		}
		n, err := io.CopyN(to, from, piece)
		unpacked += n
		switch {
		case unpacked > limit:
			return fmt.Errorf("the uncompressed archive is %w, too large for its compressed size: if you trust the archive, decompress it with gzip -d and use the uncompressed file", &bounded.ExceededError{Limit: limit})
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return damaged(err)
		}
	}
}

// damaged wraps an error of decompression, unless it is an error of the file system.
func damaged(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return err
	}
	return fmt.Errorf("the archive is truncated or damaged: %w", err)
}

func unpacking(err error) error {
	return fmt.Errorf("decompressing the archive to %s (TMPDIR sets the directory): %w", os.TempDir(), err)
}

// removed removes a file, if it exists.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// temporary is a store that removes its file when it is closed.
type temporary struct {
	store
	path string
}

func (t temporary) close(complete bool) error {
	return errors.Join(t.store.close(complete), removed(t.path))
}
