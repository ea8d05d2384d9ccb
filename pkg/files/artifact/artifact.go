// Package artifact keeps files as OCI artifacts, one for each, so that they travel with images
// in archives and registries. It knows the form of these artifacts. It must not know where
// archives are, nor which files are needed.
package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// MediaType is the type of an artifact with one file, and of the layer that is the file.
const MediaType = "application/vnd.kkp-mirror.file.v1"

// Annotations of a manifest.
const (
	URLAnnotation  = "dev.kkp-mirror.file.url"
	PathAnnotation = "dev.kkp-mirror.file.path"
)

// registry is the host in the references of files. It never exists (RFC 6761).
const registry = "files.kkp-mirror.invalid"

// maxManifest bounds the manifest of a file, in bytes.
const maxManifest = 1 << 20

// manifest is an OCI manifest (image-spec v1.1.1).
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType"`
	Config        v1.Descriptor     `json:"config"`
	Layers        []v1.Descriptor   `json:"layers"`
	Annotations   map[string]string `json:"annotations"`
}

// Store takes blobs and names of manifests, as archives do.
type Store interface {
	Has(digest v1.Hash) bool
	Write(digest v1.Hash, size int64, content io.Reader) error
	Tag(name string, desc v1.Descriptor) error
}

// Reader has what a Store was given.
type Reader interface {
	Entries() []v1.Descriptor
	Blob(digest v1.Hash) (io.ReadSeekCloser, error)
}

// Ref is the reference of a file: its path is the repository, as far as repositories allow,
// and what they do not allow is told apart by the tag.
func Ref(kept string) (images.Ref, error) {
	var name strings.Builder
	for _, r := range strings.ToLower(kept) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '/' || r == '-' || r == '.' {
			name.WriteRune(r)
		} else {
			name.WriteByte('-')
		}
	}
	var parts []string
	for part := range strings.SplitSeq(name.String(), "/") {
		parts = append(parts, separated(part))
	}
	sum := sha256.Sum256([]byte(kept))
	return images.ParseRef(registry + "/files/" + strings.Join(parts, "/") + ":" + hex.EncodeToString(sum[:6]))
}

// separated makes a name of which each two separators have something between them, as
// repositories want it.
func separated(part string) string {
	words := strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '.' })
	if len(words) == 0 {
		return "x"
	}
	var name strings.Builder
	rest := part
	for i, word := range words {
		at := strings.Index(rest, word)
		if i > 0 {
			name.WriteByte(rest[at-1])
		}
		name.WriteString(word)
		rest = rest[at+len(word):]
	}
	return name.String()
}

// Pack adds a file to a store. open opens its content, which is read twice.
func Pack(store Store, item files.Item, open func() (io.ReadCloser, error)) (images.Image, error) {
	ref, err := Ref(item.Path)
	if err != nil {
		return images.Image{}, err
	}
	layer, err := describe(open)
	if err != nil {
		return images.Image{}, err
	}
	layer.Annotations = map[string]string{"org.opencontainers.image.title": path.Base(item.Path)}
	config := []byte("{}")
	m := manifest{
		SchemaVersion: 2, MediaType: string(types.OCIManifestSchema1), ArtifactType: MediaType,
		Config: v1.Descriptor{MediaType: "application/vnd.oci.empty.v1+json", Size: int64(len(config)), Digest: digestOf(config)},
		Layers: []v1.Descriptor{layer}, Annotations: map[string]string{URLAnnotation: item.URL, PathAnnotation: item.Path},
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return images.Image{}, err
	}
	if !store.Has(layer.Digest) {
		content, err := open()
		if err != nil {
			return images.Image{}, err
		}
		defer content.Close()
		if err := store.Write(layer.Digest, layer.Size, content); err != nil {
			return images.Image{}, err
		}
	}
	for _, blob := range [][]byte{config, raw} {
		if !store.Has(digestOf(blob)) {
			if err := store.Write(digestOf(blob), int64(len(blob)), bytes.NewReader(blob)); err != nil {
				return images.Image{}, err
			}
		}
	}
	desc := v1.Descriptor{MediaType: types.OCIManifestSchema1, Size: int64(len(raw)), Digest: digestOf(raw), ArtifactType: MediaType}
	return images.Image{Ref: ref, Kind: images.KindImage, Digest: desc.Digest.String()}, store.Tag(ref.String(), desc)
}

// describe hashes a file.
func describe(open func() (io.ReadCloser, error)) (v1.Descriptor, error) {
	content, err := open()
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer content.Close()
	digest, size, err := v1.SHA256(content)
	return v1.Descriptor{MediaType: MediaType, Size: size, Digest: digest}, err
}

func digestOf(blob []byte) v1.Hash {
	sum := sha256.Sum256(blob)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// Shelf has the files of an archive.
type Shelf struct {
	reader Reader
	layers map[string]v1.Descriptor // by path
	items  []files.Item
}

// Open finds the files in an archive. Other entries are left alone.
func Open(reader Reader) (*Shelf, error) {
	s := &Shelf{reader: reader, layers: map[string]v1.Descriptor{}}
	var list files.Builder
	for _, entry := range reader.Entries() {
		m, ok, err := read(reader, entry)
		if err != nil {
			return nil, fmt.Errorf("manifest %s: %w", entry.Digest, err)
		}
		if !ok {
			continue
		}
		kept := m.Annotations[PathAnnotation]
		if err := files.CheckPath(kept); err != nil {
			return nil, fmt.Errorf("manifest %s: %w", entry.Digest, err)
		}
		if want, err := files.PathOf(m.Annotations[URLAnnotation]); err != nil || want != kept {
			return nil, fmt.Errorf("manifest %s: the path %q is not that of the address", entry.Digest, kept)
		}
		s.layers[kept] = m.Layers[0]
		list.Add(m.Annotations[URLAnnotation], "", files.Reason{})
	}
	s.items = list.List().Items
	return s, nil
}

// read reads the manifest of a file; ok is false for any other entry.
func read(reader Reader, entry v1.Descriptor) (m manifest, ok bool, err error) {
	if entry.MediaType != types.OCIManifestSchema1 || entry.Size > maxManifest {
		return m, false, nil
	}
	blob, err := reader.Blob(entry.Digest)
	if err != nil {
		return m, false, err
	}
	defer blob.Close()
	raw, err := bounded.ReadAll(blob, maxManifest)
	if err != nil {
		return m, false, err
	}
	if digestOf(raw) != entry.Digest {
		return m, false, fmt.Errorf("its content is that of %s", digestOf(raw))
	}
	if json.Unmarshal(raw, &m) != nil || m.ArtifactType != MediaType {
		return m, false, nil // of an image
	}
	if len(m.Layers) != 1 {
		return m, false, fmt.Errorf("expected 1 layer, found %d", len(m.Layers))
	}
	return m, true, nil
}

// Items are the files.
func (s *Shelf) Items() []files.Item { return s.items }

// Content opens a file, for mirror.Options. What is read is compared with its digest.
func (s *Shelf) Content(_ context.Context, kept string) (mirror.Content, error) {
	layer, ok := s.layers[kept]
	if !ok {
		return mirror.Content{}, &fs.PathError{Op: "open", Path: kept, Err: fs.ErrNotExist}
	}
	blob, err := s.reader.Blob(layer.Digest)
	if err != nil {
		return mirror.Content{}, err
	}
	return mirror.Content{ReadCloser: verified(blob, layer), Size: layer.Size}, nil
}
