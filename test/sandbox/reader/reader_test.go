// Package reader reads archives that the plugin has written with the library of skopeo and podman, which shares no code
// with it. Only the library's transports are used: its copy package needs gpgme, or a build tag to do without.
package reader

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	v1types "github.com/google/go-containerregistry/pkg/v1/types"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/oci/archive"
	"go.podman.io/image/v5/oci/layout"
	"go.podman.io/image/v5/types"
)

const (
	buildTimeout = 15 * time.Minute
	runTimeout   = 2 * time.Minute
)

// images are what is archived: names that differ in everything that a name has.
func images() []string {
	return []string{
		"docker.io/library/alpine:3.20",
		"quay.io/team/app:v1",
		"quay.io/team/app:v2",
		"registry.example.com/deep/er/tool:latest",
	}
}

func TestAnIndependentReader(t *testing.T) {
	plugin := build(t)
	upstream := serve(t)
	want := fill(t, upstream)
	list := writeList(t, images()...)

	dir := filepath.Join(t.TempDir(), "layout")
	file := filepath.Join(t.TempDir(), "layout.tar")
	for _, target := range []string{"oci:" + dir, "oci-archive:" + file} {
		run(t, plugin, "sync", target, "--images", list, "--registry-map", "*="+upstream+"/{host}")
	}

	t.Run("it lists what is in a directory", func(t *testing.T) {
		found, err := layout.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range found {
			names = append(names, f.ManifestDescriptor.Annotations["org.opencontainers.image.ref.name"])
			if digest := f.ManifestDescriptor.Digest.String(); digest != want[names[len(names)-1]] {
				t.Errorf("%s is %s", names[len(names)-1], digest)
			}
		}
		slices.Sort(names)
		if !slices.Equal(names, images()) {
			t.Errorf("got %q", names)
		}
	})
	t.Run("it copies out of a directory", func(t *testing.T) {
		copyAll(t, want, func(image string) (types.ImageReference, error) { return layout.NewReference(dir, image) })
	})
	t.Run("it copies out of a tar file", func(t *testing.T) {
		copyAll(t, want, func(image string) (types.ImageReference, error) { return archive.NewReference(file, image) })
	})
}

// copyAll copies every image, found by its full reference, into an empty registry.
func copyAll(t *testing.T, want map[string]string, find func(image string) (types.ImageReference, error)) {
	target := serve(t)
	for _, image := range images() {
		from, err := find(image)
		if err != nil {
			t.Fatal(err)
		}
		to, err := docker.ParseReference("//" + target + "/" + image)
		if err != nil {
			t.Fatal(err)
		}
		if err := copyIndex(t.Context(), from, to, systemOf(t.TempDir())); err != nil {
			t.Fatalf("%s: %v", image, err)
		}
		if got := digestOf(t, target+"/"+image); got != want[image] {
			t.Errorf("%s: %s was archived, and %s was read", image, want[image], got)
		}
	}
}

// build returns the plugin: the one in $KKP_MIRROR_BIN, or one that is built from these sources.
func build(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("KKP_MIRROR_BIN"); dir != "" {
		return filepath.Join(dir, "kubectl-kkp_mirror")
	}
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	binary := filepath.Join(t.TempDir(), "kubectl-kkp_mirror")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", binary, "./cmd/kubectl-kkp_mirror")
	command.Dir = "../../.."
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return binary
}

// run runs the plugin where it finds neither a cluster nor credentials.
func run(t *testing.T, plugin string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, plugin, args...)
	home := t.TempDir()
	command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + filepath.Join(home, "none")}
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

// serve starts a registry, and returns its host.
func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// fill puts an image for two platforms into a registry under each name, and returns their digests. They are in turn of
// Docker's types and of OCI's.
func fill(t *testing.T, host string) map[string]string {
	t.Helper()
	digests := map[string]string{}
	base, err := random.Image(1<<16, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, image := range images() {
		index := docker2(t, base)
		if i%2 == 1 {
			index = oci1(t, base)
		}
		ref, err := name.ParseReference(host + "/" + image)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.WriteIndex(ref, index); err != nil {
			t.Fatal(err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests[image] = digest.String()
	}
	return digests
}

func docker2(t *testing.T, base v1.Image) v1.ImageIndex {
	return platforms(t, mutate.IndexMediaType(empty.Index, v1types.DockerManifestList), base, v1types.DockerLayer)
}

func oci1(t *testing.T, base v1.Image) v1.ImageIndex {
	base = mutate.ConfigMediaType(mutate.MediaType(base, v1types.OCIManifestSchema1), v1types.OCIConfigJSON)
	return platforms(t, empty.Index, base, v1types.OCILayer)
}

// platforms adds an image for each of two platforms, with a layer of its own.
func platforms(t *testing.T, index v1.ImageIndex, base v1.Image, layer v1types.MediaType) v1.ImageIndex {
	t.Helper()
	for _, architecture := range []string{"amd64", "arm64"} {
		own, err := random.Layer(1<<12, layer)
		if err != nil {
			t.Fatal(err)
		}
		image, err := mutate.AppendLayers(base, own)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	return index
}

// writeList writes the list of images to archive.
func writeList(t *testing.T, images ...string) string {
	t.Helper()
	var items []map[string]string
	for _, image := range images {
		items = append(items, map[string]string{"ref": image})
	}
	data, err := json.Marshal(map[string]any{"apiVersion": "kkp-mirror.dev/v1alpha1", "kind": "ImageList", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func digestOf(t *testing.T, image string) string {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	desc, err := remote.Get(ref)
	if err != nil {
		t.Fatal(err)
	}
	return desc.Digest.String()
}
