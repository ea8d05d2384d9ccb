package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// manifestLimit is the largest manifest that registries take.
const manifestLimit = 4 << 20

// manifest is a manifest or an index as it is stored.
type manifest struct {
	raw       []byte
	mediaType types.MediaType
	digest    string
}

// digest returns what a tag or digest is in the repository: by HEAD, and by GET only
// if the registry does not say so to a HEAD.
func (s *session) digest(ctx context.Context, id string) (string, error) {
	resp, err := s.do(ctx, http.MethodHead, "manifests", id)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		if err := transport.CheckError(resp, http.StatusOK); err != nil {
			return "", err
		}
		if h, err := v1.NewHash(resp.Header.Get("Docker-Content-Digest")); err == nil {
			return h.String(), nil
		}
	}
	m, err := s.manifest(ctx, id)
	return m.digest, err
}

// manifest returns what a tag or digest is in the repository, verified if it is a digest.
func (s *session) manifest(ctx context.Context, id string) (manifest, error) {
	resp, err := s.do(ctx, http.MethodGet, "manifests", id)
	if err != nil {
		return manifest{}, err
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusOK); err != nil {
		return manifest{}, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, manifestLimit+1))
	if err != nil {
		return manifest{}, midBody(ctx.Err(), err)
	}
	if len(raw) > manifestLimit {
		return manifest{}, &refusalError{class: images.ClassPolicy, msg: fmt.Sprintf("its manifest is larger than %d MiB", manifestLimit>>20), remedy: "check that it is a container image"}
	}
	return newManifest(raw, resp.Header.Get("Content-Type"), id)
}

func newManifest(raw []byte, contentType, id string) (manifest, error) {
	algorithm, _, pinned := strings.Cut(id, ":")
	if !pinned {
		algorithm = "sha256"
	}
	hasher, err := v1.Hasher(algorithm)
	if err != nil {
		return manifest{}, err
	}
	hasher.Write(raw)
	m := manifest{raw: raw, digest: algorithm + ":" + hex.EncodeToString(hasher.Sum(nil)), mediaType: mediaType(raw, contentType)}
	if pinned && m.digest != id {
		return manifest{}, &digestError{want: id, got: m.digest}
	}
	if !m.mediaType.IsIndex() && !m.mediaType.IsImage() {
		return manifest{}, &refusalError{class: images.ClassPolicy, msg: fmt.Sprintf("manifests of the type %q cannot be copied", m.mediaType), remedy: "rebuild the image in the OCI or Docker schema 2 format"}
	}
	return m, nil
}

// mediaType is the type of a manifest: what the registry says, unless that is too
// general; what the manifest says; what it looks like.
func mediaType(raw []byte, contentType string) types.MediaType {
	mt, _, _ := strings.Cut(contentType, ";")
	if mt := types.MediaType(strings.TrimSpace(mt)); mt.IsIndex() || mt.IsImage() || mt.IsSchema1() {
		return mt
	}
	var doc struct {
		MediaType types.MediaType   `json:"mediaType"`
		Manifests []json.RawMessage `json:"manifests"`
		Layers    []json.RawMessage `json:"layers"`
	}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&doc); err != nil {
		return types.MediaType(mt)
	}
	switch {
	case doc.MediaType != "":
		return doc.MediaType
	case doc.Manifests != nil:
		return types.OCIImageIndex
	case doc.Layers != nil:
		return types.OCIManifestSchema1
	default:
		return types.MediaType(mt)
	}
}

// putManifest writes a manifest under a tag or its digest, and checks that this is what
// the registry has now. It tells whether the registry lists it as a referrer.
func (s *session) putManifest(ctx context.Context, id string, m manifest) (listed bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url("manifests", id), bytes.NewReader(m.raw))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", string(m.mediaType))
	resp, err := s.client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusCreated, http.StatusOK, http.StatusAccepted); err != nil {
		return false, err
	}
	got := resp.Header.Get("Docker-Content-Digest")
	if _, err := v1.NewHash(got); err != nil {
		if got, err = s.digest(ctx, id); err != nil {
			return false, err
		}
	}
	if got != m.digest {
		return false, &digestError{want: m.digest, got: got}
	}
	return resp.Header.Get("OCI-Subject") != "", nil
}

// do sends a request without a body.
func (s *session) do(ctx context.Context, method, kind, id string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url(kind, id), nil)
	if err != nil {
		return nil, err
	}
	if kind == "manifests" {
		req.Header.Set("Accept", strings.Join([]string{
			string(types.OCIImageIndex), string(types.DockerManifestList), string(types.OCIManifestSchema1), string(types.DockerManifestSchema2),
		}, ","))
	}
	return s.client.Do(req)
}
