package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// Data returns the directory with data of KKP's releases, which is not part of the project: $KKP_DATA,
// or the directory shared/kkp beside the project. The directory may not exist.
func Data(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("KKP_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	return filepath.Join(filepath.Dir(dir), "shared", "kkp")
}

// DataFiles returns the files below Data that match a pattern, such as osps/*/*.yaml. Without such
// files, the test is skipped.
func DataFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Data(t), filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("KKP_DATA names no directory with files %s", pattern)
	}
	return files
}
