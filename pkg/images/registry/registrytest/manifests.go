package registrytest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func (r *Registry) serveManifest(w http.ResponseWriter, req *http.Request, name, id string) {
	switch req.Method {
	case http.MethodPut:
		r.putManifest(w, req, name, id)
	case http.MethodGet, http.MethodHead, http.MethodDelete:
		r.sendManifest(w, req, name, id)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (r *Registry) sendManifest(w http.ResponseWriter, req *http.Request, name, id string) {
	r.mu.Lock()
	p := r.repo(name)
	digest, tagged := p.tags[id]
	if !tagged {
		digest, _ = v1.NewHash(id)
	}
	m, ok := p.manifests[digest]
	if ok && req.Method == http.MethodDelete {
		p.remove(digest)
	}
	r.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN")
		return
	}
	if req.Method == http.MethodDelete {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.Header().Set("Content-Type", m.MediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(m.Raw)))
	if req.Method == http.MethodGet {
		_, _ = w.Write(m.Raw)
	}
}

func (p *repo) remove(digest v1.Hash) {
	delete(p.manifests, digest)
	for tag, d := range p.tags {
		if d == digest {
			delete(p.tags, tag)
		}
	}
}

func (r *Registry) putManifest(w http.ResponseWriter, req *http.Request, name, id string) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	m := Manifest{MediaType: req.Header.Get("Content-Type"), Raw: raw}
	if !r.complete(name, m) {
		fail(w, http.StatusNotFound, "MANIFEST_BLOB_UNKNOWN")
		return
	}
	tag := id
	if _, err := v1.NewHash(id); err == nil {
		tag = ""
	}
	digest := r.AddManifest(name, tag, m)
	var refs references
	if json.Unmarshal(raw, &refs) == nil && refs.Subject != nil && !r.opts.NoReferrers {
		w.Header().Set("OCI-Subject", refs.Subject.Digest.String())
	}
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.WriteHeader(http.StatusCreated)
}

// references are the descriptors in a manifest.
type references struct {
	Manifests []v1.Descriptor `json:"manifests"`
	Config    *v1.Descriptor  `json:"config"`
	Layers    []v1.Descriptor `json:"layers"`
	Subject   *v1.Descriptor  `json:"subject"`
	Artifact  string          `json:"artifactType"`
}

// complete reports whether the repository has all content of a manifest.
func (r *Registry) complete(name string, m Manifest) bool {
	var refs references
	if err := json.Unmarshal(m.Raw, &refs); err != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.repo(name)
	for _, d := range refs.Manifests {
		if _, ok := p.manifests[d.Digest]; !ok && !r.opts.Sparse {
			return false
		}
	}
	if refs.Config != nil && !p.blobs[refs.Config.Digest] {
		return false
	}
	for _, d := range refs.Layers {
		if d.MediaType.IsDistributable() && !p.blobs[d.Digest] {
			return false
		}
	}
	return true
}

// serveReferrers lists the manifests whose subject is a digest.
func (r *Registry) serveReferrers(w http.ResponseWriter, _ *http.Request, name, id string) {
	if r.opts.NoReferrers {
		fail(w, http.StatusNotFound, "UNSUPPORTED")
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	for digest, m := range r.repo(name).manifests {
		var refs references
		if json.Unmarshal(m.Raw, &refs) == nil && refs.Subject != nil && refs.Subject.Digest.String() == id {
			index.Manifests = append(index.Manifests, v1.Descriptor{
				MediaType: types.MediaType(m.MediaType), Digest: digest, Size: int64(len(m.Raw)), ArtifactType: refs.Artifact,
			})
		}
	}
	w.Header().Set("Content-Type", string(types.OCIImageIndex))
	_ = json.NewEncoder(w).Encode(index)
}
