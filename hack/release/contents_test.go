package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage"
)

// one returns the content of the only file of a release with this end of its name.
func one(t *testing.T, dist, end string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dist, "*"+end))
	if err != nil || len(names) != 1 {
		t.Fatalf("files with %s are %q, %v", end, names, err)
	}
	content, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// testSBOM compares the SBOM with what the go command says of the executable.
func testSBOM(t *testing.T, dist string) {
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(one(t, dist, ".cdx.json")), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := unpack(".tar.gz", one(t, dist, ".tar.gz"), dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", filepath.Join(dir, "kubectl-kkp_mirror")).Output()
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]cdx.Component{}
	for _, c := range *bom.Components {
		listed[c.Name+"@"+c.Version] = c
	}
	modules := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] != "dep" {
			continue
		}
		modules++
		if c, ok := listed[fields[1]+"@"+fields[2]]; !ok || c.Hashes == nil || !strings.HasPrefix(c.PackageURL, "pkg:golang/") {
			t.Errorf("%s %s is listed as %+v", fields[1], fields[2], c)
		}
	}
	if modules < 50 || len(listed) != modules+1 {
		t.Errorf("%d components for %d modules and the standard library", len(listed), modules)
	}
	if main := bom.Metadata.Component; main.Version != testVersion || len(*(*bom.Dependencies)[0].Dependencies) != len(listed) {
		t.Errorf("the plugin is %+v with %+v", main, bom.Dependencies)
	}
}

// testImage reads the layout with another library than the plugin's, and looks into the image.
func testImage(t *testing.T, dist string) {
	dir := t.TempDir()
	unpackTar(t, one(t, dist, ".oci.tar"), dir)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("the layout has %+v, %v", manifest, err)
	}
	if name := manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"]; name != pluginimage.Name+":"+testVersion {
		t.Errorf("the image is named %q", name)
	}
	images, err := index.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(images); err != nil {
		t.Error(err)
	}
	platforms, err := images.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if p := platforms.Manifests[0].Platform; p == nil || p.OS != "linux" || p.Architecture == "" {
		t.Errorf("the platform is %+v", p)
	}
	image, err := images.Image(platforms.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/usr/bin/kubectl-kkp_mirror" {
		t.Errorf("the configuration is %+v, %v", config, err)
	}
	root := t.TempDir()
	content := mutate.Extract(image)
	defer content.Close()
	all, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	unpackTar(t, all, root)
	pem, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
		t.Errorf("the image has no certificates: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, "usr/bin/kubectl-kkp_mirror"), "version")
	cmd.Env = []string{"HOME=" + t.TempDir()}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), testVersion) {
		t.Errorf("%v\n%s", err, out)
	}
	testOwnImage(t, filepath.Join(root, "usr/bin/kubectl-kkp_mirror"), manifest.Manifests[0].Digest.String())
}

// testOwnImage has the plugin put its own image into a registry. The image is that of the release.
func testOwnImage(t *testing.T, program, digest string) {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), program, "sync", strings.TrimPrefix(server.URL, "http://"), "--put-image", runtime.GOARCH)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	cmd.Stderr = t.Output()
	if out, err := cmd.Output(); err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "@"+digest) {
		t.Errorf("the plugin puts %q, %v; the image of the release is %s", out, err, digest)
	}
}

func unpackTar(t *testing.T, content []byte, dir string) {
	t.Helper()
	for tr := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil && header.Typeflag == tar.TypeReg {
			err = unpackFile(dir, header.Name, header.FileInfo().Mode(), tr)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestChanges(t *testing.T) {
	got := changes("# Changelog\n\nIntro.\n\n## [Unreleased]\n\n### Added\n\n- a\n\n## [1.0.0] - 2027-01-02\n\n- b\n\n## [0.9.0] - 2027-01-01\n\n[1.0.0]: https://example.com\n")
	for version, want := range map[string]string{"Unreleased": "### Added\n\n- a", "1.0.0": "- b", "0.9.0": ""} {
		if got[version] != want {
			t.Errorf("%s: %q, want %q", version, got[version], want)
		}
	}
}

// TestNotes wants the changes that are not released yet for a pre-release, and a section of its own
// for a release.
func TestNotes(t *testing.T) {
	if _, err := (release{Version: testVersion, Root: "../.."}).notes(); err != nil {
		t.Error(err)
	}
	if _, err := (release{Version: "v999.0.0", Root: "../.."}).notes(); err == nil || !strings.Contains(err.Error(), "[999.0.0]") {
		t.Errorf("a release without a section: %v", err)
	}
}
