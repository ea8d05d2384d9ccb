package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// unpack refuses everything but regular files within dir.
func unpack(name string, archive []byte, dir string) error {
	if strings.HasSuffix(name, ".zip") {
		return unpackZip(archive, dir)
	}
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	for tr := tar.NewReader(gz); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s is not a regular file", header.Name)
		}
		if err := unpackFile(dir, header.Name, header.FileInfo().Mode(), tr); err != nil {
			return err
		}
	}
}

func unpackZip(archive []byte, dir string) error {
	zr, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	for _, f := range zr.File {
		if !f.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file", f.Name)
		}
		content, err := f.Open()
		if err != nil {
			return err
		}
		if err := unpackFile(dir, f.Name, f.Mode(), content); err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(dir, name string, mode os.FileMode, content io.Reader) error {
	if !isLocal(name) {
		return fmt.Errorf("%s leads out of the archive", name)
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	target := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, data, mode)
}
