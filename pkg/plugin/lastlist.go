package plugin

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// maxLastListBytes bounds the names of the last list: 10,000 names of 100 characters.
const maxLastListBytes = 1 << 20

// lastListFile is the file with the names of the last list, for shell completion, or "" for a user
// without a cache directory.
func lastListFile() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "kubectl-kkp_mirror", "last-list.txt")
}

// rememberList keeps the names of a list. Names that cannot be written are not kept: completion is
// no reason to fail.
func rememberList(path string, inv images.Inventory) {
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	var text strings.Builder
	for _, img := range inv.Images {
		text.WriteString(img.Ref.String() + "\n")
	}
	_ = atomicfile.Write(path, []byte(text.String()), 0o600)
}

// lastList returns the names of the last list, nil if there was none.
func lastList(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	data, err := bounded.ReadAll(file, maxLastListBytes)
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}
