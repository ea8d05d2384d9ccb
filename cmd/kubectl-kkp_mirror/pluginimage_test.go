package main

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage/pluginimagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
)

// pluginArchive writes an archive like that of a release of the plugin for Linux: pluginarchive FILE
// ARCHITECTURE. Its executable does nothing.
func pluginArchive(ts *testscript.TestScript, _ bool, args []string) {
	archive := pluginimagetest.Archive(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
		tarfile.File{Name: "LICENSE", Mode: 0o644, Content: []byte("license")},
		tarfile.File{Name: "kubectl-kkp_mirror", Mode: 0o755, Content: pluginimagetest.Executable(pluginimagetest.Plugin(args[1]))})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), archive, 0o600))
}

// pluginImage expects an image of the plugin for platforms at the reference in a file: pluginimage
// FILE PLATFORM...
func pluginImage(ts *testscript.TestScript, _ bool, args []string) {
	ref, err := name.ParseReference(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	index, err := remote.Index(ref)
	ts.Check(err)
	ts.Check(validate.Index(index))
	manifest, err := index.IndexManifest()
	ts.Check(err)
	var platforms []string
	for _, entry := range manifest.Manifests {
		platforms = append(platforms, entry.Platform.String())
		image, err := index.Image(entry.Digest)
		ts.Check(err)
		config, err := image.ConfigFile()
		ts.Check(err)
		if config.Config.User != "65532:65532" || !slices.Equal(config.Config.Entrypoint, []string{"/usr/bin/kubectl-kkp_mirror"}) || config.Platform().String() != entry.Platform.String() {
			ts.Fatalf("%s: %+v", entry.Platform, config)
		}
	}
	if !slices.Equal(platforms, args[1:]) {
		ts.Fatalf("the image has %q", platforms)
	}
}
