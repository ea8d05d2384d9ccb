package hostile

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
)

const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// registry is a registry with read and write access.
type registry struct {
	elsewhere string // a URL
	done      <-chan struct{}
	content   map[string]content // by digest
	tags      map[string]string  // digests by kind
}

// content is a manifest or a blob.
type content struct {
	mediaType string
	data      []byte
}

func newRegistry(elsewhere string, done <-chan struct{}) (registry, error) {
	r := registry{elsewhere: elsewhere, done: done, content: map[string]content{}, tags: map[string]string{}}
	r.tags["indexes"] = r.addIndexes()
	deep, err := deepLayer()
	if err != nil {
		return r, err
	}
	large, err := largeLayer()
	if err != nil {
		return r, err
	}
	r.tags["deep"], r.tags["large"] = r.addImage(deep), r.addImage(large)
	return r, nil
}

// serve answers requests to repositories below the first part of a path, which may be the
// host of an image, such as stalled.example:
//
//	endless    has endless manifests
//	stalled    starts to send its manifests and then sends nothing
//	later      asks to retry in thirty years
//	escapes    answers with errors that contain control characters
//	away       redirects manifest requests to another server
//	indexes    has an image of few manifests with very many paths between them
//	deep       has an image with a file in 80,000 directories
//	large      has an image with 1 GiB of files in a layer of 1 MiB
//	uploads    refers uploads of blobs to another server
func (r registry) serve(w http.ResponseWriter, req *http.Request, path string) {
	name, what, _ := strings.Cut(path, "/")
	kind, _, _ := strings.Cut(name, ".")
	switch {
	case path == "":
		w.WriteHeader(http.StatusOK)
	case strings.Contains(what, "/blobs/uploads/"):
		w.Header().Set("Location", r.elsewhere+"/uploads/1")
		w.WriteHeader(http.StatusAccepted)
	case r.tags[kind] != "" && req.Method != http.MethodPut:
		r.serveContent(w, req, what, r.tags[kind])
	case req.Method == http.MethodHead && kind != "uploads" && kind != "later":
		w.Header().Set("Content-Type", typeIndex)
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("1", 64))
	default:
		r.serveKind(w, req, kind)
	}
}

func (r registry) serveKind(w http.ResponseWriter, req *http.Request, kind string) {
	switch kind {
	case "endless":
		w.Header().Set("Content-Type", typeIndex)
		endless(w, r.done, `{"schemaVersion": 2, "manifests": [`, " ")
	case "stalled":
		w.Header().Set("Content-Type", typeIndex)
		stalled(w, req, r.done)
	case "later":
		later(w)
	case "escapes":
		refused(w)
	case "away":
		http.Redirect(w, req, r.elsewhere+req.URL.Path, http.StatusTemporaryRedirect)
	default:
		http.NotFound(w, req)
	}
}

// serveContent serves the manifest for any tag, and manifests and blobs by digest.
func (r registry) serveContent(w http.ResponseWriter, req *http.Request, path, tagged string) {
	digest := path[strings.LastIndex(path, "/")+1:]
	if !strings.Contains(digest, ":") && strings.Contains(path, "/manifests/") {
		digest = tagged
	}
	found, ok := r.content[digest]
	if !ok {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", found.mediaType)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(found.data)))
	if req.Method != http.MethodHead {
		_, _ = bytes.NewReader(found.data).WriteTo(w) // the client may have closed the connection
	}
}

// add stores content and returns its descriptor.
func (r registry) add(mediaType string, data []byte) string {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(data))
	r.content[digest] = content{mediaType, data}
	return fmt.Sprintf(`{"mediaType": %q, "digest": %q, "size": %d}`, mediaType, digest, len(data))
}

// digestOf returns the digest of a descriptor.
func digestOf(descriptor string) string {
	return descriptor[strings.Index(descriptor, "sha256:"):][:len("sha256:")+64]
}
