package main

import (
	"context"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"
)

// spoil deletes a part of a multi-platform image in a registry without authentication: the
// manifest of its last platform, or the last layer of that: spoil platform|blob REFERENCE.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	ref, err := name.ParseReference(args[1])
	ts.Check(err)
	index, err := remote.Index(ref)
	ts.Check(err)
	manifest, err := index.IndexManifest()
	ts.Check(err)
	last := manifest.Manifests[len(manifest.Manifests)-1].Digest
	path := "/manifests/" + last.String()
	if args[0] == "blob" {
		image, err := index.Image(last)
		ts.Check(err)
		layers, err := image.Layers()
		ts.Check(err)
		digest, err := layers[len(layers)-1].Digest()
		ts.Check(err)
		path = "/blobs/" + digest.String()
	}
	ctx, cancel := context.WithTimeout(context.Background(), exitWait)
	defer cancel()
	url := "http://" + ref.Context().RegistryStr() + "/v2/" + ref.Context().RepositoryStr() + path
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, url, nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		ts.Fatalf("deleting %s: %s", url, resp.Status)
	}
}

// cut halves a file: cut FILE.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()/2))
}
