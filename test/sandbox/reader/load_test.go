package reader

import (
	"path/filepath"
	"testing"

	"github.com/distribution/reference"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"go.podman.io/image/v5/docker"
	dockerarchive "go.podman.io/image/v5/docker/archive"
	"go.podman.io/image/v5/image"
)

// The plugin reads docker-archives of others: crane writes them as kubermatic-installer does, the library as podman save.
func TestDockerArchivesAreLoaded(t *testing.T) {
	plugin := build(t)
	const want = "quay.io/team/app:v1"
	img, err := random.Image(1<<12, 3)
	if err != nil {
		t.Fatal(err)
	}
	for writer, save := range map[string]func(t *testing.T, path string, img v1.Image, full string){"crane": craneSave, "podman": podmanSave} {
		t.Run(writer, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "images.tar.gz")
			save(t, path, img, want)
			target := serve(t)
			run(t, plugin, "sync", target, "--load-from", "local://"+path)
			run(t, plugin, "verify", target, "--images", writeList(t, want), "--registry-map", "quay.io="+target, "--deep")

			got := pull(t, target+"/team/app:v1")
			if diff := cmp.Diff(diffIDs(t, img), diffIDs(t, got)); diff != "" {
				t.Error(diff)
			}
			wantConfig, err := img.ConfigName()
			if err != nil {
				t.Fatal(err)
			}
			if gotConfig, err := got.ConfigName(); gotConfig != wantConfig || err != nil {
				t.Errorf("the image is %s, and was %s: %v", gotConfig, wantConfig, err)
			}
		})
	}
}

func craneSave(t *testing.T, path string, img v1.Image, full string) {
	if err := crane.MultiSave(map[string]v1.Image{full: img}, path); err != nil {
		t.Fatal(err)
	}
}

func podmanSave(t *testing.T, path string, img v1.Image, full string) {
	host := serve(t)
	ref, err := name.ParseReference(host + "/" + full)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	from, err := docker.ParseReference("//" + host + "/" + full)
	if err != nil {
		t.Fatal(err)
	}
	named, err := reference.ParseNormalizedNamed(full)
	if err != nil {
		t.Fatal(err)
	}
	to, err := dockerarchive.NewReference(path, named.(reference.NamedTagged))
	if err != nil {
		t.Fatal(err)
	}
	system := systemOf(t.TempDir())
	source, err := from.NewImageSource(t.Context(), system)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	destination, err := to.NewImageDestination(t.Context(), system)
	if err != nil {
		t.Fatal(err)
	}
	defer destination.Close()
	if err := copyInstance(t.Context(), source, destination, nil); err != nil {
		t.Fatal(err)
	}
	if err := destination.Commit(t.Context(), image.UnparsedInstance(source, nil)); err != nil {
		t.Fatal(err)
	}
}

func pull(t *testing.T, image string) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(image)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func diffIDs(t *testing.T, img v1.Image) []string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, layer := range layers {
		id, err := layer.DiffID()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id.String())
	}
	return ids
}
