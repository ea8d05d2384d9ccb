package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"io/fs"
	"time"
)

// file is an entry of an archive. Entries are written in the given order and without an owner, so
// that archives differ only by content.
type file struct {
	Name    string
	Mode    fs.FileMode
	Content []byte
}

func packTarGz(w io.Writer, modified time.Time, files []file) error {
	gz := gzip.NewWriter(w)
	tw := tar.NewWriter(gz)
	if err := addFiles(tw, modified, files); err != nil {
		return err
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return gz.Close()
}

// addFiles writes regular files.
func addFiles(tw *tar.Writer, modified time.Time, files []file) error {
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

func packZip(w io.Writer, modified time.Time, files []file) error {
	zw := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: modified}
		header.SetMode(f.Mode)
		entry, err := zw.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.Content); err != nil {
			return err
		}
	}
	return zw.Close()
}
