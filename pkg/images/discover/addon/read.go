package addon

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Wanted reports whether a file in a directory of addons is a template.
func Wanted(path string) bool {
	return strings.Contains(path, "/") && strings.HasSuffix(path, ".yaml")
}

// Read reads the templates in a directory of addons. refused has the errors of the templates that
// could not be read, by path. Whether links are followed depends on fsys.
func Read(fsys fs.FS) (files map[string][]byte, refused map[string]error, err error) {
	files, refused = map[string][]byte{}, map[string]error{}
	count, size := 0, 0
	err = fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		count++
		switch {
		case err != nil && path == ".":
			return err
		case err != nil:
			refused[path] = err
			return nil //nolint:nilerr // one file that cannot be read leaves the others
		case count > maxCount:
			return fmt.Errorf("more than %d files", maxCount)
		case d.IsDir() || !Wanted(path):
			return nil
		}
		data, err := readFile(fsys, path)
		if err != nil {
			refused[path] = err
			return nil //nolint:nilerr // one file that cannot be read leaves the others
		}
		files[path] = data
		if size += len(data); size > maxFiles {
			return fmt.Errorf("more than %d MiB of templates", maxFiles>>20)
		}
		return nil
	})
	return files, refused, err
}

func readFile(fsys fs.FS, path string) ([]byte, error) {
	info, err := fs.Stat(fsys, path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("the file has %d MiB; the limit is %d MiB", info.Size()>>20, maxFile>>20)
	}
	return fs.ReadFile(fsys, path)
}
