// Package registrytest is an in-memory registry for tests and benchmarks. It stores blobs
// per repository, mounts them, resumes downloads and uploads, and accepts a manifest only
// if its content is complete. Options switch off features that some registries lack.
package registrytest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Options switch off features.
type Options struct {
	NoMounts    bool // ignores every mount
	NoSelfMount bool // ignores mounts from the same repository
	NoRanges    bool // answers a range with the whole content
	NoStatus    bool // has no status of interrupted uploads
	NoReferrers bool // has no referrers API
	NoDelete    bool // refuses every deletion
	KeepsFirst  bool // keeps the first content of a blob, also after deletion and a new upload
	Sparse      bool // accepts an index with missing manifests
	Tags        Listing
	Forget      int // size in bytes above which uploaded content is not kept; 0: none
}

// Registry is an http.Handler.
type Registry struct {
	opts Options

	mu      sync.Mutex
	repos   map[string]*repo
	content map[v1.Hash]Content // of all repositories
	uploads map[string]*upload
	next    int
	stats   Stats
}

type repo struct {
	blobs     map[v1.Hash]bool
	manifests map[v1.Hash]Manifest
	tags      map[string]v1.Hash
}

// Manifest is a stored manifest.
type Manifest struct {
	MediaType string
	Raw       []byte
}

// Stats counts requests and bytes.
type Stats struct {
	Requests int             // without /v2/
	Kinds    map[string]int  // by method and "manifests", "blobs", "uploads", "referrers", "tags"
	Blobs    map[v1.Hash]int // downloads, by blob
	Mounts   int             // mounted blobs
	BytesOut int64           // of blobs
	BytesIn  int64           // of blobs
}

// New returns an empty registry.
func New(opts Options) *Registry {
	r := &Registry{opts: opts, repos: map[string]*repo{}, content: map[v1.Hash]Content{}, uploads: map[string]*upload{}}
	r.stats = newStats()
	return r
}

func newStats() Stats { return Stats{Kinds: map[string]int{}, Blobs: map[v1.Hash]int{}} }

// Take returns the statistics since the last call.
func (r *Registry) Take() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.stats
	r.stats = newStats()
	return taken
}

func (r *Registry) repo(name string) *repo {
	p, ok := r.repos[name]
	if !ok {
		p = &repo{blobs: map[v1.Hash]bool{}, manifests: map[v1.Hash]Manifest{}, tags: map[string]v1.Hash{}}
		r.repos[name] = p
	}
	return p
}

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path, ok := strings.CutPrefix(req.URL.Path, "/v2/")
	if !ok {
		http.NotFound(w, req)
		return
	}
	if path == "" {
		_, _ = w.Write([]byte("{}"))
		return
	}
	for _, route := range []struct {
		kind  string
		infix string
		serve func(http.ResponseWriter, *http.Request, string, string)
	}{
		{"uploads", "/blobs/uploads/", r.serveUpload},
		{"blobs", "/blobs/", r.serveBlob},
		{"manifests", "/manifests/", r.serveManifest},
		{"referrers", "/referrers/", r.serveReferrers},
		{"tags", "/tags/", r.serveTags},
	} {
		if name, id, ok := cutLast(path, route.infix); ok {
			r.mu.Lock()
			r.stats.Requests++
			r.stats.Kinds[req.Method+" "+route.kind]++
			r.mu.Unlock()
			route.serve(w, req, name, id)
			return
		}
	}
	fail(w, http.StatusNotFound, "NAME_UNKNOWN")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": strings.ToLower(code)}}})
}
