package archives

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// piece is how much is unpacked before it is looked again whether there is room.
const piece = 16 << 20

// isPacked tells whether a file is packed with gzip.
func isPacked(f *os.File) (bool, error) {
	magic := make([]byte, 2)
	_, err := f.ReadAt(magic, 0)
	if errors.Is(err, io.EOF) {
		err = nil // shorter than that: it is not
	}
	return bytes.Equal(magic, []byte{0x1f, 0x8b}), err
}

// unpack unpacks a file into a temporary one, because blobs are read from any place and in
// any order. It is gone when it is closed and removed, or when the process is killed where
// files can be removed while they are open.
func unpack(ctx context.Context, packed *os.File) (*os.File, error) {
	if info, err := packed.Stat(); err == nil {
		if err := room(os.TempDir(), info.Size()); err != nil {
			return nil, unpacking(err)
		}
	}
	f, err := os.CreateTemp("", "kkp-mirror-*.tar")
	if err != nil {
		return nil, unpacking(err)
	}
	_ = os.Remove(f.Name())
	if err := unpackTo(ctx, f, packed); err != nil {
		return nil, errors.Join(unpacking(err), f.Close(), removed(f.Name()))
	}
	return f, nil
}

func unpackTo(ctx context.Context, to io.Writer, packed io.Reader) error {
	from, err := gzip.NewReader(packed)
	if err != nil {
		return damaged(err)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := room(os.TempDir(), piece); err != nil {
			return err
		}
		if _, err := io.CopyN(to, from, piece); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
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
