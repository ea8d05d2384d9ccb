package images_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// TestTotals counts what two images share once, and says what a platform or a source costs alone.
func TestTotals(t *testing.T) {
	base, a, b, arm := images.Blob{Digest: "base", Bytes: 100}, images.Blob{Digest: "a", Bytes: 10}, images.Blob{Digest: "b", Bytes: 1}, images.Blob{Digest: "arm", Bytes: 1000}
	first := images.NewContent([]images.Part{{Platform: "linux/amd64", Blobs: []images.Blob{base, a}}, {Platform: "linux/arm64", Left: true, Blobs: []images.Blob{arm, a}}})
	if first.Bytes != 110 || first.AllBytes != 1110 || first.Platforms[1].Bytes != 1010 {
		t.Errorf("got %+v", first)
	}
	second := images.NewContent([]images.Part{{Platform: "linux/amd64", Blobs: []images.Blob{base, b, b}}})
	if second.Bytes != 101 || second.AllBytes != 0 {
		t.Errorf("got %+v", second)
	}
	inv := images.Inventory{Images: []images.Image{
		{Ref: images.Ref{Registry: "quay.io"}, Content: first, Reasons: []images.Reason{{Source: "addons"}, {Source: "running"}}},
		{Ref: images.Ref{Registry: "docker.io"}, Content: second, Reasons: []images.Reason{{Source: "running"}}},
		{Ref: images.Ref{Registry: "docker.io"}},
	}}
	want := &images.Totals{
		Images: 2, Bytes: 111, Sum: 211, AllBytes: 1111,
		Platforms:  []images.Share{{Name: "linux/arm64", Images: 1, Bytes: 1010, Alone: 1000}, {Name: "linux/amd64", Images: 2, Bytes: 111, Alone: 101}},
		Sources:    []images.Share{{Name: "running", Images: 2, Bytes: 111, Alone: 1}, {Name: "addons", Images: 1, Bytes: 110}},
		Registries: []images.Share{{Name: "quay.io", Images: 1, Bytes: 110, Alone: 10}, {Name: "docker.io", Images: 1, Bytes: 101, Alone: 1}},
	}
	if diff := cmp.Diff(want, inv.Totals()); diff != "" {
		t.Error(diff)
	}
	if images.Add(math.MaxInt64-1, 5) != math.MaxInt64 {
		t.Error("a sum overflows")
	}
	if (images.Inventory{}).Totals() != nil {
		t.Error("a list without sizes has totals")
	}
}
