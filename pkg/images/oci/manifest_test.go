package oci

import (
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestForeignLayersStayWhereTheyAre(t *testing.T) {
	refs := References{}
	for _, mt := range []types.MediaType{types.OCILayer, types.DockerForeignLayer, types.OCIRestrictedLayer, "application/x-anything"} {
		refs.Layers = append(refs.Layers, v1.Descriptor{MediaType: mt})
	}
	var kept []types.MediaType
	for _, d := range refs.Blobs() {
		kept = append(kept, d.MediaType)
	}
	if want := []types.MediaType{types.OCILayer, "application/x-anything"}; !slices.Equal(kept, want) {
		t.Errorf("got %v, want %v", kept, want)
	}
}

func TestMediaTypeOfManifests(t *testing.T) {
	tests := []struct {
		raw, header string
		want        types.MediaType
	}{
		{`{}`, string(types.DockerManifestList), types.DockerManifestList},
		{`{"manifests":[]}`, "application/json; charset=utf-8", types.OCIImageIndex},
		{`{"layers":[]}`, "text/plain", types.OCIManifestSchema1},
		{`{"mediaType":"` + string(types.DockerManifestSchema2) + `"}`, "", types.DockerManifestSchema2},
		{`not JSON`, "text/html", "text/html"},
	}
	for _, tt := range tests {
		if got := mediaType([]byte(tt.raw), tt.header); got != tt.want {
			t.Errorf("%s as %s: got %s, want %s", tt.raw, tt.header, got, tt.want)
		}
	}
}
