package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// install does what Krew does with a downloaded archive: it verifies, unpacks and maps
// the files into dir, and links the executable under the name that kubectl looks for.
func install(t *testing.T, p krewPlugin, platform krewPlatform, archive []byte, dir string) (link string) {
	t.Helper()
	if sum := fmt.Sprintf("%x", sha256.Sum256(archive)); sum != platform.SHA256 {
		t.Fatalf("the archive's sha256 is %s, the manifest says %s", sum, platform.SHA256)
	}
	unpacked, store := t.TempDir(), filepath.Join(dir, "store", p.Metadata.Name, p.Spec.Version)
	if err := unpack(path.Base(platform.URI), archive, unpacked); err != nil {
		t.Fatal(err)
	}
	for _, f := range platform.Files {
		if err := moveMatches(unpacked, f, store); err != nil {
			t.Fatal(err)
		}
	}
	link = filepath.Join(dir, "bin", "kubectl-"+strings.ReplaceAll(p.Metadata.Name, "-", "_"))
	if platform.Selector.MatchLabels["os"] == "windows" {
		link += ".exe"
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(store, filepath.FromSlash(platform.Bin)), link); err != nil {
		t.Fatal(err)
	}
	return link
}

// moveMatches moves what a file operation selects from one directory into another.
func moveMatches(from string, f krewFile, to string) error {
	matches, err := filepath.Glob(filepath.Join(from, filepath.FromSlash(f.From)))
	if err != nil {
		return err
	}
	if len(matches) == 0 {
		return fmt.Errorf("nothing in the archive is %q", f.From)
	}
	target := filepath.Join(to, filepath.FromSlash(f.To))
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	for _, match := range matches {
		if err := os.Rename(match, filepath.Join(target, filepath.Base(match))); err != nil {
			return err
		}
	}
	return nil
}

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
