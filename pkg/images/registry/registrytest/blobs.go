package registrytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func (r *Registry) serveBlob(w http.ResponseWriter, req *http.Request, name, id string) {
	digest, err := v1.NewHash(id)
	if err != nil {
		fail(w, http.StatusBadRequest, "DIGEST_INVALID")
		return
	}
	r.mu.Lock()
	known := r.repo(name).blobs[digest]
	c := r.content[digest]
	if req.Method == http.MethodDelete && r.opts.NoDelete {
		r.mu.Unlock()
		fail(w, http.StatusMethodNotAllowed, "UNSUPPORTED")
		return
	}
	if known && req.Method == http.MethodDelete {
		delete(r.repo(name).blobs, digest)
	}
	r.mu.Unlock()
	switch {
	case !known:
		fail(w, http.StatusNotFound, "BLOB_UNKNOWN")
	case req.Method == http.MethodDelete:
		w.WriteHeader(http.StatusAccepted)
	default:
		r.sendBlob(w, req, digest, c)
	}
}

func (r *Registry) sendBlob(w http.ResponseWriter, req *http.Request, digest v1.Hash, c Content) {
	var first, last int64
	status := http.StatusOK
	if ranged := req.Header.Get("Range"); ranged != "" && !r.opts.NoRanges {
		if _, err := fmt.Sscanf(ranged, "bytes=%d-%d", &first, &last); err != nil || first >= c.Size {
			fail(w, http.StatusRequestedRangeNotSatisfiable, "RANGE_INVALID")
			return
		}
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, c.Size-1, c.Size))
	}
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(c.Size-first, 10))
	w.WriteHeader(status)
	if req.Method == http.MethodHead {
		return
	}
	r.mu.Lock()
	r.stats.Blobs[digest]++
	r.mu.Unlock()
	if c.Open == nil {
		return // the client sees an answer that is too short
	}
	n, _ := io.Copy(w, c.Open(first))
	r.mu.Lock()
	r.stats.BytesOut += n
	r.mu.Unlock()
}

// upload is an upload in progress.
type upload struct {
	mu     sync.Mutex
	hasher hash.Hash
	buf    *bytes.Buffer // nil when the content is too large to keep
	size   int64
}

func (r *Registry) serveUpload(w http.ResponseWriter, req *http.Request, name, id string) {
	if req.Method == http.MethodPost && id == "" {
		r.startUpload(w, req, name)
		return
	}
	r.mu.Lock()
	u, ok := r.uploads[id]
	r.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN")
		return
	}
	switch req.Method {
	case http.MethodGet:
		if r.opts.NoStatus {
			fail(w, http.StatusNotFound, "UNSUPPORTED")
			return
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		r.accepted(w, name, id, u, http.StatusNoContent)
	case http.MethodPatch:
		r.append(w, req, name, id, u)
	case http.MethodPut:
		r.finish(w, req, name, id, u)
	case http.MethodDelete:
		r.drop(id)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (r *Registry) startUpload(w http.ResponseWriter, req *http.Request, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := req.URL.Query().Get("from")
	if digest, err := v1.NewHash(req.URL.Query().Get("mount")); err == nil && from != "" {
		passed := r.opts.NoMounts || (r.opts.NoSelfMount && from == name)
		if r.repo(from).blobs[digest] && !passed {
			r.repo(name).blobs[digest] = true
			r.stats.Mounts++
			w.Header().Set("Docker-Content-Digest", digest.String())
			w.WriteHeader(http.StatusCreated)
			return
		}
	}
	r.next++
	id := strconv.Itoa(r.next)
	u := &upload{hasher: sha256.New(), buf: &bytes.Buffer{}}
	r.uploads[id] = u
	r.accepted(w, name, id, u, http.StatusAccepted)
}

func (r *Registry) accepted(w http.ResponseWriter, name, id string, u *upload, status int) {
	w.Header().Set("Location", "/v2/"+name+"/blobs/uploads/"+id)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(0, u.size-1)))
	w.WriteHeader(status)
}

func (r *Registry) append(w http.ResponseWriter, req *http.Request, name, id string, u *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if ranged := req.Header.Get("Content-Range"); ranged != "" {
		var first, last int64
		if _, err := fmt.Sscanf(ranged, "%d-%d", &first, &last); err != nil || first != u.size {
			fail(w, http.StatusRequestedRangeNotSatisfiable, "RANGE_INVALID")
			return
		}
	}
	if err := r.receive(req, u); err != nil {
		return
	}
	r.accepted(w, name, id, u, http.StatusAccepted)
}

// receive appends the body of a request to an upload.
func (r *Registry) receive(req *http.Request, u *upload) error {
	buf := make([]byte, 32<<10)
	for {
		n, err := req.Body.Read(buf)
		u.hasher.Write(buf[:n])
		u.size += int64(n)
		r.mu.Lock()
		r.stats.BytesIn += int64(n)
		r.mu.Unlock()
		if u.buf != nil {
			u.buf.Write(buf[:n])
			if r.opts.Forget > 0 && u.size > int64(r.opts.Forget) {
				u.buf = nil
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *Registry) finish(w http.ResponseWriter, req *http.Request, name, id string, u *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	want, err := v1.NewHash(req.URL.Query().Get("digest"))
	if err != nil {
		fail(w, http.StatusBadRequest, "DIGEST_INVALID")
		return
	}
	if err := r.receive(req, u); err != nil {
		return
	}
	r.drop(id)
	if got := hex.EncodeToString(u.hasher.Sum(nil)); got != want.Hex {
		fail(w, http.StatusBadRequest, "DIGEST_INVALID")
		return
	}
	c := Content{Size: u.size}
	if u.buf != nil {
		c = Bytes(u.buf.Bytes())
	}
	r.arrived(name, want, c)
	w.Header().Set("Docker-Content-Digest", want.String())
	w.WriteHeader(http.StatusCreated)
}

// arrived stores an uploaded blob.
func (r *Registry) arrived(name string, digest v1.Hash, c Content) {
	r.mu.Lock()
	first, ok := r.content[digest]
	r.mu.Unlock()
	if ok && r.opts.KeepsFirst {
		c = first
	}
	r.AddBlob(name, digest, c)
}

func (r *Registry) drop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.uploads, id)
}
