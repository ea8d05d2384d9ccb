package atomicfile_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
)

func ExampleWrite() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.json")
	for _, content := range []string{`{"ready": false}`, `{"ready": true}`} {
		// Readers see the old file or the new one, never a part of one.
		if err := atomicfile.Write(path, []byte(content), 0o644); err != nil {
			fmt.Println(err)
			return
		}
	}
	data, err := os.ReadFile(path)
	fmt.Println(string(data), err)
	// Output: {"ready": true} <nil>
}
