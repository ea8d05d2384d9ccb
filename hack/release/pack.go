package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

func packTarGz(w io.Writer, modified time.Time, files []tarfile.File) error {
	gz := gzip.NewWriter(w)
	tw := tar.NewWriter(gz)
	if err := tarfile.Write(tw, modified, files); err != nil {
		return err
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return gz.Close()
}

func packZip(w io.Writer, modified time.Time, files []tarfile.File) error {
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
