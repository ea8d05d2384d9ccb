package registrytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Listing is how a registry lists tags. The zero value is the OCI distribution-spec with all
// tags on one page.
type Listing struct {
	Refused     bool // has no list of tags
	Page        int  // number of tags on a page; 0: all
	IgnoresLast bool // begins with the first tag, except on a next page
	KnownLast   bool // lists nothing after a tag that does not exist
	Cursor      bool // continues with a number in the link to the next page, not with the last tag
	Only        int  // lists only the first tags, as a pull-through cache does; 0: all
}

// serveTags lists the tags of a repository.
func (r *Registry) serveTags(w http.ResponseWriter, req *http.Request, name, _ string) {
	l, query := r.opts.Tags, req.URL.Query()
	if l.Refused {
		fail(w, http.StatusNotFound, "UNSUPPORTED")
		return
	}
	r.mu.Lock()
	tags := slices.Sorted(maps.Keys(r.repo(name).tags))
	r.mu.Unlock()
	if l.Only > 0 {
		tags = tags[:min(l.Only, len(tags))]
	}
	first := l.first(tags, query)
	page := tags[first:]
	if l.Page > 0 && len(page) > l.Page {
		page = page[:l.Page]
		next := url.Values{"last": {page[len(page)-1]}}
		if l.Cursor {
			next = url.Values{"cursor": {fmt.Sprint(first + l.Page)}}
		}
		next.Set("page", "next")
		w.Header().Set("Link", "<"+req.URL.Path+"?"+next.Encode()+`>; rel="next"`)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "tags": page})
}

// first returns the position of the first tag of a page.
func (l Listing) first(tags []string, query url.Values) int {
	var cursor int
	if _, err := fmt.Sscan(query.Get("cursor"), &cursor); err == nil {
		return min(cursor, len(tags))
	}
	last := query.Get("last")
	if last == "" || (l.IgnoresLast && query.Get("page") == "") {
		return 0
	}
	at, known := slices.BinarySearch(tags, last)
	switch {
	case known:
		return at + 1
	case l.KnownLast:
		return len(tags)
	default:
		return at
	}
}
