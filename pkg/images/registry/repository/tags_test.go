package repository_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
)

const someTag = "sha256-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// listed lists the tags of a repository with some tags, in a registry that lists them in its
// own way. It returns also the number of requests.
func listed(t *testing.T, l registrytest.Listing, tags ...string) (repository.Tags, int) {
	t.Helper()
	registry := registrytest.New(registrytest.Options{Tags: l})
	for _, tag := range tags {
		registry.AddManifest("team/app", tag, registrytest.Manifest{Raw: []byte("{}")})
	}
	found, err := serve(t, registry)("team/app").DigestTags(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return found, registry.Take().Requests
}

func TestDigestTags(t *testing.T) {
	signed := []string{"1.0", someTag + ".sig", "v1", "v2", "v3", "v4", "v5", "v6"}
	for name, tt := range map[string]struct {
		listing  registrytest.Listing
		tags     []string
		known    bool // it is certain which tags exist
		requests int
	}{
		"all tags":                       {registrytest.Listing{}, signed, true, 1},
		"no tags of digests":             {registrytest.Listing{}, []string{"1.0", "v1"}, true, 1},
		"nothing after the first tags":   {registrytest.Listing{}, []string{"1.0", "latest"}, true, 2},
		"no tags":                        {registrytest.Listing{}, nil, true, 2},
		"pages":                          {registrytest.Listing{Page: 2}, signed, true, 1},
		"one tag on a page":              {registrytest.Listing{Page: 1}, signed, true, 2},
		"from the first tag":             {registrytest.Listing{IgnoresLast: true}, signed, true, 1},
		"pages from the first tag":       {registrytest.Listing{IgnoresLast: true, Page: 3}, signed, false, 1},
		"links that say nothing of tags": {registrytest.Listing{Cursor: true, Page: 2}, signed, false, 1},
		"only known tags":                {registrytest.Listing{KnownLast: true}, signed, true, 2},
		"pages, only known tags":         {registrytest.Listing{KnownLast: true, Page: 2}, signed, false, 2},
	} {
		found, requests := listed(t, tt.listing, tt.tags...)
		if found.Lacks(someTag+".att") != tt.known || found.Lacks(someTag+".sig") != (tt.known && len(tt.tags) < 3) || requests != tt.requests {
			t.Errorf("%s: .att is missing: %t, .sig is missing: %t, after %d requests", name, found.Lacks(someTag+".att"), found.Lacks(someTag+".sig"), requests)
		}
	}
}

func TestManyDigestTags(t *testing.T) {
	var tags []string
	for i := range 40 {
		tags = append(tags, fmt.Sprintf("sha256-%064x", i))
	}
	if found, requests := listed(t, registrytest.Listing{Page: 4}, tags...); !found.Lacks(someTag) || found.Lacks(tags[39]) || requests != 10 {
		t.Errorf("after %d requests, the tags are unknown", requests)
	}
	if found, requests := listed(t, registrytest.Listing{Page: 3}, tags...); found.Lacks(someTag) || requests != 10 {
		t.Errorf("%d requests, want 10, and no result", requests)
	}
}

func TestTagsOutsideOfTheRange(t *testing.T) {
	found, _ := listed(t, registrytest.Listing{Page: 2}, "1.0", someTag, "v1", "v2")
	for tag, want := range map[string]bool{"2.0": false, "latest": false, "sha256-b": true, "v0": true, "v1": false, "v3": false} {
		if found.Lacks(tag) != want {
			t.Errorf("%s is missing: %t", tag, !want)
		}
	}
	if (repository.Tags{}).Lacks(someTag) {
		t.Error("an empty range lacks a tag")
	}
}

func TestListsOfTagsThatAreRefused(t *testing.T) {
	refused := &hostile{answer: func(*http.Request) (int, string, string, string) { return http.StatusForbidden, "", "", "" }}
	if found, err := session(t, refused).DigestTags(t.Context()); !failure.IsRefusal(err) || found.Lacks(someTag) {
		t.Errorf("%v", err)
	}
	large := &hostile{answer: func(*http.Request) (int, string, string, string) {
		return http.StatusOK, "", "", `{"tags":["` + strings.Repeat("v", 5<<20) + `"]}`
	}}
	if found, err := session(t, large).DigestTags(t.Context()); err == nil || found.Lacks(someTag) {
		t.Errorf("%v", err)
	}
}

// FuzzTags checks that a list of tags from any registry ends, comes from its registry, and
// never lacks a tag that was listed.
func FuzzTags(f *testing.F) {
	f.Add("v1", "")
	f.Add(someTag, `</v2/team/app/tags/list?last=`+someTag+`>; rel="next"`)
	f.Add("v1", `<https://b.example.com/?last=v1>; rel="next"`)
	f.Add("", `<?last=>; rel="next"`)
	f.Fuzz(func(t *testing.T, tag, link string) {
		body, err := json.Marshal(map[string][]string{"tags": {tag}})
		if err != nil || !utf8.ValidString(tag) {
			return
		}
		server := &hostile{answer: func(*http.Request) (int, string, string, string) { return http.StatusOK, "Link", link, string(body) }}
		found, err := session(t, server).DigestTags(t.Context())
		if err == nil && found.Lacks(tag) {
			t.Errorf("%q was listed", tag)
		}
		if len(server.asked) > 11 {
			t.Errorf("%d requests", len(server.asked))
		}
		for _, asked := range server.asked {
			at, err := url.Parse(strings.TrimPrefix(asked, "GET "))
			if err != nil || at.Hostname() != "registry.example.com" {
				t.Errorf("asked %s", asked)
			}
		}
	})
}
