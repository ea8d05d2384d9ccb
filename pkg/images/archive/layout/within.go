package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The files of an archive are opened within its directory only: others may write there,
// too, and a link of theirs must lead neither a reader nor a writer out of the directory.

// openRegular opens a file of a directory for reading. Whatever else has the name, such as
// a device or a pipe, is refused before it is opened, because that may wait without an end.
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

// createNew creates a file that is not there, in the place of what was left behind under
// the name: never the target of a link.
func createNew(root *os.Root, name string) (*os.File, error) {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// openOwn opens a file for writing that goes on from what is in it, or creates it. Links
// are refused.
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

// regular returns an error for what is no file with content of its own.
func regular(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file (%s)", name, info.Mode())
	}
	return nil
}

// own returns an error for what cannot be written without changing something else.
func own(name string, info fs.FileInfo) error {
	if err := regular(name, info); err != nil {
		return fmt.Errorf("%w: remove it, or choose another name", err)
	}
	if links(info) > 1 {
		return fmt.Errorf("%s has another name elsewhere (a hard link), which would change with it: remove it, or choose another name", name)
	}
	return nil
}
