package layout

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// NoSpaceError reports that a file system has too little free space.
type NoSpaceError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *NoSpaceError) Error() string {
	return fmt.Sprintf("%s has %d MiB free, and %d MiB are needed", e.Dir, e.Free>>20, e.Need>>20)
}

// Class returns the class of the error.
func (e *NoSpaceError) Class() images.Class { return images.ClassDisk }

// room returns an error if the file system of a directory has too little free space.
func room(dir string, size int64) error {
	if free, _, known := space(dir); known && size > free {
		return &NoSpaceError{Dir: dir, Need: size, Free: free}
	}
	return nil
}

// roomToSpare is room for temporary files: a tenth of the file system must stay free, or 1
// GiB of a large one, because the file system may be in memory.
func roomToSpare(dir string, size int64) error {
	free, total, known := space(dir)
	if need := size + min(total/10, 1<<30); known && need > free {
		return &NoSpaceError{Dir: dir, Need: need, Free: free}
	}
	return nil
}

// Free returns the free bytes of the file system in which an archive is, or would be written. known
// is false if the system does not tell.
func Free(name string) (bytes int64, known bool) {
	path := filepath.Clean(strings.TrimPrefix(strings.TrimPrefix(name, DirScheme), TarScheme))
	for {
		if free, _, known := space(path); known {
			return free, true
		}
		parent := filepath.Dir(path)
		if parent == path {
			return 0, false
		}
		path = parent
	}
}
