package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The files of an archive are opened within its directory only. Others may write to the
// directory, and a link must not lead reads or writes out of it.

// openRegular opens a regular file for reading. Other files, such as devices and pipes, are
// refused before they are opened, because opening them may block.
func openRegular(root *os.Root, name string) (*os.File, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := regular(name, info); err != nil {
		return nil, err
	}
	return root.Open(name)
}

// createNew creates a new file and replaces an old file with the name. It never follows a
// link.
func createNew(root *os.Root, name string) (*os.File, error) {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// openOwn opens a file for writing, with its content, or creates it. Links are refused.
func openOwn(root *os.Root, name string) (*os.File, error) {
	before, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	}
	if err == nil {
		err = own(name, before)
	}
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = fmt.Errorf("%s was replaced while it was opened", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// regular returns an error unless a file is a regular file.
func regular(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file (%s)", name, info.Mode())
	}
	return nil
}

// own returns an error for a file whose change would change another file.
func own(name string, info fs.FileInfo) error {
	if err := regular(name, info); err != nil {
		return fmt.Errorf("%w: remove it, or choose another name", err)
	}
	if links(info) > 1 {
		return fmt.Errorf("%s has another hard link, whose file would change too: remove it, or choose another name", name)
	}
	return nil
}
