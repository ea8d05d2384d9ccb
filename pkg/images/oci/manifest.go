// Package oci knows manifests and indexes: digest, media type, descriptors and platforms.
// It must not know where they are stored.
package oci

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Manifest is a manifest or an index, with its stored bytes.
type Manifest struct {
	Raw       []byte
	MediaType types.MediaType
	Digest    string
}

// New returns a manifest. The content is verified if id is a digest.
func New(raw []byte, contentType, id string) (Manifest, error) {
	algorithm, _, pinned := strings.Cut(id, ":")
	if !pinned {
		algorithm = "sha256"
	}
	hasher, err := v1.Hasher(algorithm)
	if err != nil {
		return Manifest{}, err
	}
	hasher.Write(raw)
	m := Manifest{Raw: raw, Digest: algorithm + ":" + hex.EncodeToString(hasher.Sum(nil)), MediaType: mediaType(raw, contentType)}
	if pinned && m.Digest != id {
		return Manifest{}, &failure.DigestError{Want: id, Got: m.Digest}
	}
	if !m.MediaType.IsIndex() && !m.MediaType.IsImage() {
		return Manifest{}, &failure.RejectedError{As: images.ClassPolicy, Msg: fmt.Sprintf("manifests of type %q are not supported", m.MediaType), Advice: "rebuild the image in the OCI or Docker schema 2 format"}
	}
	return m, nil
}

// mediaType returns the media type of a manifest: from the Content-Type, unless that is too
// general; else from the manifest; else guessed from its fields.
func mediaType(raw []byte, contentType string) types.MediaType {
	mt, _, _ := strings.Cut(contentType, ";")
	if mt := types.MediaType(strings.TrimSpace(mt)); mt.IsIndex() || mt.IsImage() || mt.IsSchema1() {
		return mt
	}
	var doc struct {
		MediaType types.MediaType `json:"mediaType"`
		Manifests json.RawMessage `json:"manifests"`
		Layers    json.RawMessage `json:"layers"`
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

// Subject returns the digest of the subject of a manifest, or "".
func (m Manifest) Subject() string {
	refs, err := m.References()
	if err != nil || refs.Subject == nil {
		return ""
	}
	return refs.Subject.Digest.String()
}

// ArtifactType returns the type of an artifact as a list of referrers has it: the field artifactType or,
// without one, the type of the configuration (distribution-spec, "Listing Referrers"). It is "" for
// others.
func (m Manifest) ArtifactType() string {
	var doc struct {
		ArtifactType string `json:"artifactType"`
		Config       struct {
			MediaType string `json:"mediaType"`
		} `json:"config"`
	}
	if err := json.Unmarshal(m.Raw, &doc); err != nil {
		return ""
	}
	return cmp.Or(doc.ArtifactType, doc.Config.MediaType)
}

// Entries returns the entries of an index.
func (m Manifest) Entries() []v1.Descriptor {
	refs, err := m.References()
	if err != nil {
		return nil
	}
	return refs.Children()
}

// DigestTag returns a digest as the prefix of a tag.
func DigestTag(digest string) string { return strings.Replace(digest, ":", "-", 1) }
