package main

import (
	"encoding/json"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// attached is the manifest of a referrer.
type attached struct{ raw []byte }

func (a attached) RawManifest() ([]byte, error)      { return a.raw, nil }
func (attached) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// attach attaches a file to an image in a registry, as a referrer: attach TYPE REFERENCE FILE NAME. It
// sets a variable to the digest of the referrer. The manifest is as in the guidelines for artifacts of
// the OCI image specification, with an empty configuration.
func attach(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: attach TYPE REFERENCE FILE NAME")
	}
	ref, err := name.ParseReference(args[1])
	ts.Check(err)
	subject, err := remote.Head(ref)
	ts.Check(err)
	data, err := os.ReadFile(ts.MkAbs(args[2]))
	ts.Check(err)
	manifest := struct {
		v1.Manifest
		ArtifactType string `json:"artifactType"`
	}{ArtifactType: args[0], Manifest: v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config:  push(ts, ref, []byte("{}"), "application/vnd.oci.empty.v1+json"),
		Layers:  []v1.Descriptor{push(ts, ref, data, types.MediaType(args[0]))},
		Subject: &v1.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size},
	}}
	raw, err := json.Marshal(manifest)
	ts.Check(err)
	layer := static.NewLayer(raw, types.OCIManifestSchema1)
	digest, err := layer.Digest()
	ts.Check(err)
	ts.Check(remote.Put(ref.Context().Digest(digest.String()), attached{raw}))
	ts.Setenv(args[3], digest.String())
}

// push writes a blob into the repository of a reference.
func push(ts *testscript.TestScript, ref name.Reference, data []byte, mediaType types.MediaType) v1.Descriptor {
	layer := static.NewLayer(data, mediaType)
	ts.Check(remote.WriteLayer(ref.Context(), layer))
	digest, err := layer.Digest()
	ts.Check(err)
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(data))}
}
