package tarfile

import (
	"archive/tar"
	"io/fs"
	"time"
)

// File is a regular file in an archive.
type File struct {
	Name    string
	Mode    fs.FileMode
	Content []byte
}

// Write writes regular files in the given order and without an owner, so that tar files with the same
// content are identical.
func Write(tw *tar.Writer, modified time.Time, files []File) error {
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg,
			Name:     f.Name,
			Mode:     int64(f.Mode.Perm()),
			Size:     int64(len(f.Content)),
			ModTime:  modified,
			Format:   tar.FormatUSTAR,
		}
		if err := tw.WriteHeader(header); err != nil {
			return err
		}
		if _, err := tw.Write(f.Content); err != nil {
			return err
		}
	}
	return nil
}
