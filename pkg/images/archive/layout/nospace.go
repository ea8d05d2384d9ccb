package layout

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// NoSpaceError says that there is no room for a blob.
type NoSpaceError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *NoSpaceError) Error() string {
	return fmt.Sprintf("%s has %d MiB free, and %d MiB are needed", e.Dir, e.Free>>20, e.Need>>20)
}

// Class tells the class of the error.
func (e *NoSpaceError) Class() images.Class { return images.ClassDisk }

// room returns an error if a directory has not enough free space.
func room(dir string, size int64) error {
	if free, _, known := space(dir); known && size > free {
		return &NoSpaceError{Dir: dir, Need: size, Free: free}
	}
	return nil
}

// roomToSpare is room for what is temporary: a tenth of the file system stays free, or
// 1 GiB of a large one, because it may be in memory.
func roomToSpare(dir string, size int64) error {
	free, total, known := space(dir)
	if need := size + min(total/10, 1<<30); known && need > free {
		return &NoSpaceError{Dir: dir, Need: need, Free: free}
	}
	return nil
}
