package pluginimage_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage/pluginimagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// modified is the time of the files in the archives.
func modified() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

func plugin(architecture string) []byte {
	return pluginimagetest.Executable(pluginimagetest.Plugin(architecture))
}

func archive(files ...tarfile.File) []byte { return pluginimagetest.Archive(modified(), files...) }

func release(architecture string) []byte {
	return archive(
		tarfile.File{Name: "LICENSE", Mode: 0o644, Content: []byte("the license")},
		tarfile.File{Name: "kubectl-kkp_mirror", Mode: 0o755, Content: plugin(architecture)})
}

// projectLicense is the LICENSE of the repository. The copy next to the package must be the same.
func projectLicense(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheTimeIsThatOfTheCommit(t *testing.T) {
	for committed, want := range map[string]time.Time{
		"2026-11-26T14:00:00Z": time.Date(2026, 11, 26, 14, 0, 0, 0, time.UTC),
		"":                     time.Unix(0, 0).UTC(),
		"yesterday":            time.Unix(0, 0).UTC(),
	} {
		kind := pluginimagetest.Plugin("amd64")
		kind.Committed = committed
		if e, err := pluginimage.Read(bytes.NewReader(pluginimagetest.Executable(kind))); err != nil || e.Modified != want {
			t.Errorf("%q: got %v, %v", committed, e.Modified, err)
		}
	}
}

func index(t *testing.T) v1.ImageIndex {
	t.Helper()
	own, err := pluginimage.Read(bytes.NewReader(plugin("amd64")))
	if err != nil {
		t.Fatal(err)
	}
	packed := release("arm64")
	other, checksum, err := pluginimage.Archive(bytes.NewReader(packed))
	if want := fmt.Sprintf("%x", sha256.Sum256(packed)); err != nil || checksum != want {
		t.Fatalf("checksum %s, want %s: %v", checksum, want, err)
	}
	index, err := pluginimage.Index("v1.2.3", []pluginimage.Executable{own, other})
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func TestIndex(t *testing.T) {
	made := index(t)
	manifest, err := made.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, entry := range manifest.Manifests {
		platforms = append(platforms, entry.Platform.String())
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Error(diff)
	}
	for i, want := range []map[string]string{
		{"usr/bin/kubectl-kkp_mirror": string(plugin("amd64")), "LICENSE": projectLicense(t)},
		{"usr/bin/kubectl-kkp_mirror": string(plugin("arm64")), "LICENSE": "the license"},
	} {
		image, err := made.Image(manifest.Manifests[i].Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkImage(t, image, want)
	}
	again, err := index(t).Digest()
	if digest, errDigest := made.Digest(); again != digest || errors.Join(err, errDigest) != nil {
		t.Errorf("built again: %s, %s", digest, again)
	}
}

// checkImage expects files, the certificates and nothing else, for a user without rights.
func checkImage(t *testing.T, image v1.Image, want map[string]string) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c := config.Config; c.User != "65532:65532" || c.Entrypoint[0] != "/usr/bin/kubectl-kkp_mirror" || len(c.Cmd) > 0 || c.Labels["org.opencontainers.image.version"] != "v1.2.3" {
		t.Errorf("%+v", c)
	}
	content := mutate.Extract(image)
	defer content.Close()
	for tr := tar.NewReader(content); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		text, expected := want[header.Name]
		delete(want, header.Name)
		switch {
		case header.Name == "etc/ssl/certs/ca-certificates.crt":
			if !x509.NewCertPool().AppendCertsFromPEM(data) {
				t.Error("no certificates")
			}
		case header.Typeflag == tar.TypeDir:
			if strings.TrimSuffix(header.Name, "/") == "tmp" && header.Mode != 0o1777 {
				t.Errorf("mode %o of /tmp", header.Mode)
			}
		case !expected || text != string(data) || header.Mode&0o022 != 0:
			t.Errorf("%s with %d bytes, mode %o", header.Name, len(data), header.Mode)
		}
	}
	if len(want) > 0 {
		t.Errorf("missing: %d files", len(want))
	}
}

// store counts what is written.
type store map[v1.Hash]int

func (s store) Has(digest v1.Hash) bool { return s[digest] > 0 }

func (s store) Write(digest v1.Hash, size int64, content io.Reader) error {
	got, n, err := v1.SHA256(content)
	if err == nil && (got != digest || n != size) {
		err = fmt.Errorf("%s with %d bytes is written as %s with %d", got, n, digest, size)
	}
	s[digest]++
	return err
}

func TestWrite(t *testing.T) {
	s := store{}
	for range 2 {
		made := index(t)
		desc, err := pluginimage.Write(s, made)
		if err != nil {
			t.Fatal(err)
		}
		if digest, err := made.Digest(); desc.Digest != digest || !desc.MediaType.IsIndex() || err != nil {
			t.Errorf("%+v, %v", desc, err)
		}
	}
	for digest, times := range s {
		if times != 1 {
			t.Errorf("%s was written %d times", digest, times)
		}
	}
	if len(s) != 7 { // an index, and a manifest, a configuration and a layer for each of two
		t.Errorf("%d blobs", len(s))
	}
}

func TestUnsuitable(t *testing.T) {
	linux := pluginimagetest.Plugin("amd64")
	shared, darwin, other := linux, linux, linux
	shared.Shared, darwin.OS, other.Module = true, "darwin", "example.com/other"
	for name, content := range map[string][]byte{
		"text": []byte("#!/bin/sh\n"), "empty": nil, "no build information": plugin("amd64")[:0x1000],
		"shared libraries": pluginimagetest.Executable(shared), "another system": pluginimagetest.Executable(darwin), "another program": pluginimagetest.Executable(other),
	} {
		var unsuitable *pluginimage.UnsuitableError
		if _, err := pluginimage.Read(bytes.NewReader(content)); !errors.As(err, &unsuitable) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := pluginimage.Archive(bytes.NewReader(archive(tarfile.File{Name: "kubectl-kkp_mirror", Content: content}))); !errors.As(err, &unsuitable) {
			t.Errorf("%s in an archive: %v", name, err)
		}
	}
}

func TestBadArchives(t *testing.T) {
	many := make([]tarfile.File, 200)
	for i := range many {
		many[i].Name = fmt.Sprint(i)
	}
	for name, content := range map[string][]byte{
		"no archive": []byte("text"), "cut": release("amd64")[:200], "empty": archive(),
		"without the plugin": archive(tarfile.File{Name: "LICENSE"}),
		"for Windows":        archive(tarfile.File{Name: "kubectl-kkp_mirror.exe", Content: plugin("amd64")}),
		"elsewhere":          archive(tarfile.File{Name: "../kubectl-kkp_mirror", Content: plugin("amd64")}),
		"a large license":    archive(tarfile.File{Name: "LICENSE", Content: make([]byte, 2<<20)}, tarfile.File{Name: "kubectl-kkp_mirror", Content: plugin("amd64")}),
		"many files":         archive(append(many, tarfile.File{Name: "kubectl-kkp_mirror", Content: plugin("amd64")})...),
	} {
		if _, _, err := pluginimage.Archive(bytes.NewReader(content)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(release("amd64"))
	f.Add(archive(tarfile.File{Name: "kubectl-kkp_mirror"}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		e, checksum, err := pluginimage.Archive(bytes.NewReader(content))
		if err == nil && (e.Architecture == "" || len(checksum) != 64) {
			t.Errorf("%q, %q", e.Architecture, checksum)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(plugin("amd64"))
	f.Add(plugin("amd64")[:200])
	f.Fuzz(func(t *testing.T, content []byte) {
		if e, err := pluginimage.Read(bytes.NewReader(content)); err == nil && e.Architecture == "" {
			t.Error("no architecture")
		}
	})
}
