package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Continued opens for reading what Create would continue: the content of an interrupted run, or else
// the archive. An archive that does not exist has no content. Content of an interrupted run is read
// and verified, as by Create. No file is changed.
func Continued(ctx context.Context, name string) (*Archive, error) {
	s, err := interrupted(name)
	if errors.Is(err, fs.ErrNotExist) {
		s, err = openStore(ctx, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		s, err = nowhere{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return load(name, s)
}

// interrupted opens the incomplete tar file of an interrupted run. A directory has no incomplete
// form: its blobs get their names one by one.
func interrupted(name string) (store, error) {
	if strings.HasPrefix(name, DirScheme) {
		return nil, fs.ErrNotExist
	}
	path := strings.TrimPrefix(name, TarScheme)
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	working := filepath.Base(path) + partial
	f, err := openRegular(root, working)
	if err != nil {
		return nil, err
	}
	return incomplete(f, working)
}

// nowhere is the store of an archive that does not exist.
type nowhere struct{}

func (nowhere) has(v1.Hash) bool           { return false }
func (nowhere) readIndex() ([]byte, error) { return nil, fs.ErrNotExist }
func (nowhere) close(bool) error           { return nil }

func (nowhere) open(digest v1.Hash) (io.ReadSeekCloser, error) {
	return nil, &failure.NotFoundError{Name: digest.String(), Where: "the archive"}
}
