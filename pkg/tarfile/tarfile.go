// Package tarfile checks the headers of tar files from untrusted writers, and writes tar files that
// differ only by content. It must not know what the files are for.
package tarfile

import (
	"archive/tar"
	"fmt"
	"strings"
)

// MaxName is the maximum length of a name in bytes: PATH_MAX of Linux.
const MaxName = 4096

// Check returns an error for a member with a name that is too long, and for a sparse
// member.
func Check(header *tar.Header) error {
	for _, name := range []string{header.Name, header.Linkname} {
		if len(name) > MaxName {
			return fmt.Errorf("member %q… has a name of %d bytes, more than the limit of %d", name[:64], len(name), MaxName)
		}
	}
	if isSparse(header) {
		return fmt.Errorf("member %q is a sparse file, which is not supported", header.Name)
	}
	return nil
}

// isSparse reports whether a member is a sparse file (GNU tar, Sparse Formats).
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
