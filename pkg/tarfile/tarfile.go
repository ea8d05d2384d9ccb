// Package tarfile knows what a member of a tar file must be so that it can be read by
// whoever trusts neither its writer nor its size. It reads no content.
package tarfile

import (
	"archive/tar"
	"fmt"
	"strings"
)

// MaxName is the longest name of a member, in bytes: Linux opens no longer path (PATH_MAX).
const MaxName = 4096

// Check returns an error for a member with a name that no file system takes, or whose
// content is not what stands in the tar file.
func Check(header *tar.Header) error {
	for _, name := range []string{header.Name, header.Linkname} {
		if len(name) > MaxName {
			return fmt.Errorf("member %q… has a name of %d bytes: at most %d are read", name[:64], len(name), MaxName)
		}
	}
	if isSparse(header) {
		return fmt.Errorf("member %q is a sparse file, which images and their archives do not have", header.Name)
	}
	return nil
}

// isSparse tells whether a member leaves out the zeros of its content (GNU tar, Sparse
// Formats).
func isSparse(header *tar.Header) bool {
	if header.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
