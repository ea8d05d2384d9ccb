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
	// piece is how much is unpacked, in bytes, before it is looked again whether there is room.
	piece = 16 << 20

	// An archive unpacks to at most this many times its size: its layers are packed already,
	// or programs and texts. gzip alone would allow a thousand times. Small ones may have more
	// zeros.
	mostTimes = 32
	leastSize = 64 << 20 // bytes
)

// unpack unpacks a file into a temporary one, because blobs are read from any place and in
// any order. It is gone when it is closed and removed, or when the process is killed where
// files can be removed while they are open.
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

// unpackTo unpacks not more than a limit in bytes.
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
			return fmt.Errorf("what is packed in it is %w, which is too much for its size: if you trust it, unpack it with gzip -d, and name the unpacked file", &bounded.ExceededError{Limit: limit})
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return damaged(err)
		}
	}
}

// damaged says what an error that no file has means.
func damaged(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return err
	}
	return fmt.Errorf("it is cut or damaged: %w", err)
}

func unpacking(err error) error {
	return fmt.Errorf("unpacking it to %s (TMPDIR says where): %w", os.TempDir(), err)
}

// removed removes a file that may be gone.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// temporary is a store whose file is removed with it.
type temporary struct {
	store
	path string
}

func (t temporary) close(complete bool) error {
	return errors.Join(t.store.close(complete), removed(t.path))
}
