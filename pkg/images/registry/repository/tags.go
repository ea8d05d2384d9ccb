package repository

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Tags that are derived from digests begin with the algorithm of the digest: those of
// cosign, and of the OCI distribution-spec ("Referrers Tag Schema").
const (
	firstDigestTag = "sha256-" // sorts before all such tags
	lastDigestTag  = "sha256-~"
)

// Bounds of a list of tags. Beyond them, the tags count as unknown.
const (
	maxTagPages = 10
	maxTagBytes = 4 << 20 // of all pages together
)

// Tags are the tags of a repository in a range, as the registry has listed them. The zero
// value is an empty range.
type Tags struct {
	after string          // the range begins after this tag
	upTo  string          // last tag of the range; "": the range has no end
	names map[string]bool // nil: empty range
}

// Lacks reports whether the repository has no such tag: the tag is in the range and not
// listed.
func (t Tags) Lacks(tag string) bool {
	return t.names != nil && tag > t.after && (t.upTo == "" || tag <= t.upTo) && !t.names[tag]
}

// DigestTags lists the tags that are derived from digests. The range is empty if the list is
// long and the registry cannot list only the end of the list. Errors of the registry are
// *status.Error.
func (s *Session) DigestTags(ctx context.Context) (Tags, error) {
	l := tagList{session: s, room: maxTagBytes}
	first, err := l.page(ctx, s.url("tags", "list?"+url.Values{"last": {firstDigestTag}}.Encode()))
	if err == nil && len(first.names) == 0 { // some registries answer so for a last tag that does not exist
		first, err = l.page(ctx, s.url("tags", "list"))
		l.after = ""
	} else {
		l.after = firstDigestTag
	}
	if err != nil {
		return Tags{}, err
	}
	if slices.ContainsFunc(first.names, func(name string) bool { return name <= l.after }) {
		l.after = "" // the registry ignores the parameter, and has listed all tags
	}
	return l.rest(ctx, first)
}

// tagList is a list of tags while it is read.
type tagList struct {
	session *Session
	after   string // see Tags
	room    int64  // in bytes
}

// tagPage is one page of a list of tags.
type tagPage struct {
	names []string
	next  string // address of the next page, or ""
}

// rest reads the pages after the first page. It stops after the last tag that is derived
// from a digest, if the registry sorts tags as the OCI distribution-spec says.
func (l *tagList) rest(ctx context.Context, page tagPage) (Tags, error) {
	found := Tags{after: l.after, names: map[string]bool{}}
	for pages := 1; ; pages++ {
		for _, name := range page.names {
			found.names[name] = true
		}
		if page.next == "" {
			return found, nil
		}
		if l.after == "" || !page.sorted() || pages == maxTagPages {
			return Tags{}, nil
		}
		if last := page.names[len(page.names)-1]; last > lastDigestTag {
			found.upTo = last
			return found, nil
		}
		var err error
		if page, err = l.page(ctx, page.next); err != nil {
			return Tags{}, err
		}
	}
}

// sorted reports whether the tags are in the order of the distribution-spec, and whether the
// next page begins after the last of them.
func (p tagPage) sorted() bool {
	next, err := url.Parse(p.next)
	return err == nil && len(p.names) > 0 && slices.IsSorted(p.names) && next.Query().Get("last") == p.names[len(p.names)-1]
}

// page reads one page.
func (l *tagList) page(ctx context.Context, address string) (tagPage, error) {
	req, err := http.NewRequestWithContext(safehttp.WithBodyLimit(ctx, maxTagBytes+1), http.MethodGet, address, nil)
	if err != nil {
		return tagPage{}, err
	}
	resp, err := l.session.http.Do(req)
	if err != nil {
		return tagPage{}, err
	}
	defer resp.Body.Close()
	if err := l.session.check(resp, http.StatusOK); err != nil {
		return tagPage{}, err
	}
	raw, err := bounded.ReadAll(resp.Body, l.room)
	if err != nil {
		return tagPage{}, err
	}
	l.room -= int64(len(raw))
	var list struct {
		Tags []string `json:"tags"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return tagPage{}, err
	}
	next, err := l.session.nextPage(resp)
	return tagPage{names: list.Tags, next: next}, err
}
