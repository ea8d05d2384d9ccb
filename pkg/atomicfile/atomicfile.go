// Package atomicfile writes files atomically: a file is written completely or not at all.
// It must not know the content.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Check returns an error, with the path of the file, if a file could not be written: its directory
// does not exist or is not writable, or the path is a directory. No path is no error.
func Check(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("is a directory")}
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".partial-")
	var failed *fs.PathError
	if errors.As(err, &failed) { // about the temporary file, which the user does not know
		return &fs.PathError{Op: "write", Path: path, Err: failed.Err}
	}
	if err != nil {
		return err
	}
	return errors.Join(temporary.Close(), os.Remove(temporary.Name()))
}

// Write writes a file and replaces an existing one. It first writes a temporary file in the
// same directory, which must exist.
func Write(path string, data []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".partial-")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
