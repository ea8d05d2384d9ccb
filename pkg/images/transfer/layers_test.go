package transfer_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

// emptyLayer is the layer that docker writes for instructions without changes of files: an
// empty archive, compressed with gzip. An image can have it several times.
const emptyLayer = "H4sIAAAJbogA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA="

// newOddLayers returns an image with a zstd layer, the empty layer twice, and a layer of
// zero bytes.
func newOddLayers(t *testing.T) v1.Image {
	t.Helper()
	gzipped, err := base64.StdEncoding.DecodeString(emptyLayer)
	if err != nil {
		t.Fatal(err)
	}
	nothing := static.NewLayer(gzipped, types.DockerLayer)
	if digest, err := nothing.Digest(); err != nil || len(gzipped) != 32 || digest.Hex[:8] != "a3ed95ca" {
		t.Fatalf("this is not the empty layer: %d bytes, %s, %v", len(gzipped), digest, err)
	}
	packed := servertest.Zstandard(t, servertest.Archive(t, servertest.File("etc/os-release", "NAME=zstd")))
	image, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1),
		static.NewLayer(packed, types.OCILayerZStd), nothing, nothing, static.NewLayer(nil, types.OCIUncompressedLayer))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// wantOddLayers fails the test unless the registry has the image, bit by bit.
func wantOddLayers(t *testing.T, r *servertest.Registry, target images.Ref, want v1.Image) {
	t.Helper()
	digest, err := want.Digest()
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, r, target, digest.String())
	got, err := remote.Image(r.Reference(t, target.Repository+":"+target.Tag), r.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	there, err := got.Layers()
	if err != nil {
		t.Fatal(err)
	}
	expected, err := want.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for i := range expected {
		if a, b := content(t, expected[i]), content(t, there[i]); !bytes.Equal(a, b) {
			t.Errorf("layer %d: %d bytes, want %d", i, len(b), len(a))
		}
	}
	decoder, err := zstd.NewReader(bytes.NewReader(content(t, there[0])))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	if unpacked, err := io.ReadAll(decoder); err != nil || !bytes.Contains(unpacked, []byte("NAME=zstd")) {
		t.Errorf("the layer of zstd does not unpack: %v", err)
	}
	if mt, err := there[0].MediaType(); err != nil || mt != types.OCILayerZStd {
		t.Errorf("the layer of zstd has the type %s, %v", mt, err)
	}
}

// content returns the stored bytes of a layer.
func content(t *testing.T, layer v1.Layer) []byte {
	t.Helper()
	body, err := layer.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOddLayersThroughArchives(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		from, to := servertest.New(t, servertest.Plain), servertest.New(t, servertest.Plain)
		image := newOddLayers(t)
		from.Put(t, "app:1", image)
		packed := pack(t, form, strict{server: from}, planOf(t, from, to, "app:1"))
		plan, report := unpack(t, packed, strict{server: to})
		wantAll(t, report, images.Copied)
		wantOddLayers(t, &to.Registry, plan.Copies[0].Target, image)
	}
}
