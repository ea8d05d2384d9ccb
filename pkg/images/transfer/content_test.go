package transfer_test

import (
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

// wantContent fails the test unless the target has the digest and is complete. It reads the
// target with another client.
func wantContent(t *testing.T, r *servertest.Registry, target images.Ref, digest string) {
	t.Helper()
	desc, err := remote.Get(r.Reference(t, target.Repository+":"+target.PushTag()), r.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	if desc.Digest.String() != digest {
		t.Errorf("%s has the digest %s, want %s", target, desc.Digest, digest)
	}
	if desc.MediaType.IsIndex() {
		index, err := desc.ImageIndex()
		if err != nil {
			t.Fatal(err)
		}
		wantChildren(t, index)
		return
	}
	img, err := desc.Image()
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, img)
}

func wantChildren(t *testing.T, index v1.ImageIndex) {
	t.Helper()
	children, err := partial.Manifests(index)
	if err != nil {
		t.Fatal(err)
	}
	for _, child := range children {
		switch child := child.(type) {
		case v1.ImageIndex:
			wantChildren(t, child)
		case v1.Image:
			wantBlobs(t, child)
		}
	}
}

// wantBlobs reads the content of an image, and so verifies it.
func wantBlobs(t *testing.T, img v1.Image) {
	t.Helper()
	if _, err := img.RawConfigFile(); err != nil {
		t.Error(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		body, err := layer.Compressed()
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Error(err)
		}
		body.Close()
	}
}
