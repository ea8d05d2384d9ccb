package transfer_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// newForeign returns an image with two platforms, one of which has a non-distributable
// layer, and the digest of that layer.
func newForeign(t *testing.T, mt, manifest, foreign types.MediaType) (v1.ImageIndex, string) {
	t.Helper()
	layer := static.NewLayer([]byte("of "+string(foreign)), foreign)
	windows, err := mutate.Append(servertest.NewImage(t, manifest), mutate.Addendum{
		Layer: layer, MediaType: foreign, URLs: []string{"https://layers.example.com/base"},
	})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return servertest.NewIndex(t, mt, manifest, mutate.IndexAddendum{
		Add: windows, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "windows", Architecture: "amd64"}},
	}), digest.String()
}

// foreignLayers checks that non-distributable layers are not copied, and that the refusal
// of a target is not reported as a failure of the registry. The source is in memory,
// because such targets cannot be sources.
func (s suite) foreignLayers(t *testing.T) {
	from := servertest.New(t, servertest.Plain)
	docker, inDocker := newForeign(t, types.DockerManifestList, types.DockerManifestSchema2, types.DockerForeignLayer)
	oci, inOCI := newForeign(t, types.OCIImageIndex, types.OCIManifestSchema1, types.OCIRestrictedLayer)
	from.Put(t, "foreign/docker:v1", docker)
	from.Put(t, "foreign/oci:v1", oci)
	plan := planBetween(t, &from.Registry, s.to, "foreign/docker:v1", "foreign/oci:v1")
	report := open(t, reach(&from.Registry, s.to)).Copy(t.Context(), plan, transfer.Options{})
	fetched := downloads(from.Take())
	for i, digest := range []string{inDocker, inOCI} {
		res := report.Results[i]
		if len(res.Notes) != 1 || !strings.Contains(res.Notes[0], "not copied: 1") {
			t.Errorf("%s: %v", res.Source, res.Notes)
		}
		if fetched[digest] > 0 {
			t.Errorf("%s: the layer was fetched", res.Source)
		}
		if s.foreign {
			continue
		}
		if res.Class != images.ClassPolicy || res.Attempts != 1 || !strings.Contains(res.Error, digest) || !strings.Contains(res.Remedy, "--platform") {
			t.Errorf("%s: %s after %d attempts: %s: %s", res.Source, res.Class, res.Attempts, res.Error, res.Remedy)
		}
	}
	opts := transfer.Options{}
	if s.foreign {
		wantAll(t, report, images.Copied)
	} else {
		opts.Platforms = platforms(t, "linux/amd64", "linux/arm64")
		wantAll(t, open(t, reach(&from.Registry, s.to)).Copy(t.Context(), plan, opts), images.Copied)
	}
	wantFindings(t, open(t, reach(&from.Registry, s.to)).Verify(t.Context(), plan, opts, true), nil)
}
