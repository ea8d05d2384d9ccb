package repository_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
)

const someDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// hostile answers requests with a function, and records them.
type hostile struct {
	answer func(req *http.Request) (status int, header, value, body string)
	asked  []string
}

// RoundTrip implements http.RoundTripper.
func (h *hostile) RoundTrip(req *http.Request) (*http.Response, error) {
	h.asked = append(h.asked, req.Method+" "+req.URL.String())
	status, header, value, body := h.answer(req)
	resp := &http.Response{StatusCode: status, Request: req, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	resp.Header.Set("Content-Type", "application/vnd.oci.image.index.v1+json")
	resp.Header.Set(header, value)
	return resp, nil
}

// session opens a session with a repository of registry.example.com.
func session(t testing.TB, through http.RoundTripper) *repository.Session {
	t.Helper()
	repo, err := name.NewRepository("registry.example.com/team/app")
	if err != nil {
		t.Fatal(err)
	}
	return repository.New(repo, through, true)
}

// TestUploadsThatAreSentAway checks that an upload is sent only to addresses that are
// allowed, and canceled only at the registry.
func TestUploadsThatAreSentAway(t *testing.T) {
	const start = "POST https://registry.example.com/v2/team/app/blobs/uploads/"
	for location, tt := range map[string]struct {
		why    string // of the error; "": no error
		cancel string // address of the cancellation; "": none
	}{
		"/v2/team/app/blobs/uploads/1":                                 {"", "https://registry.example.com/v2/team/app/blobs/uploads/1"},
		"https://registry.example.com:443/v2/team/app/blobs/uploads/1": {"", "https://registry.example.com:443/v2/team/app/blobs/uploads/1"},
		"http://registry.example.com/v2/team/app/blobs/uploads/1":      {"", "https://registry.example.com/v2/team/app/blobs/uploads/1"},
		"https://u:p@registry.example.com/uploads/1":                   {"", "https://registry.example.com/uploads/1"},
		"https://storage.example.com/uploads/1":                        {"", ""},
		"https://registry.example.com:8443/uploads/1":                  {"", ""},
		"http://storage.example.com/uploads/1":                         {"not encrypted", ""},
		"http://169.254.169.254/latest":                                {"not encrypted", ""},
		"http://registry.example.com:5000/uploads/1":                   {"not encrypted", ""},
		"file:///etc/passwd":                                           {"invalid address", ""},
		"ftp://storage.example.com/1":                                  {"neither HTTP nor HTTPS", ""},
		"http://%zz":                                                   {"invalid address", ""},
		"":                                                             {"without a Location header", ""},
	} {
		server := &hostile{answer: func(*http.Request) (int, string, string, string) {
			return http.StatusAccepted, "Location", location, ""
		}}
		err := session(t, server).CheckUpload(t.Context())
		if (err == nil) != (tt.why == "") || (err != nil && !strings.Contains(err.Error(), tt.why)) {
			t.Errorf("%s: %v, want %q", location, err, tt.why)
		}
		want := []string{start}
		if tt.cancel != "" {
			want = append(want, "DELETE "+tt.cancel)
		}
		if strings.Join(server.asked, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: asked %v, want %v", location, server.asked, want)
		}
	}
}

// TestPartsThatAreSentAway checks the same for the parts of an upload after the first one.
func TestPartsThatAreSentAway(t *testing.T) {
	hash, err := v1.NewHash(someDigest)
	if err != nil {
		t.Fatal(err)
	}
	server := &hostile{answer: func(req *http.Request) (int, string, string, string) {
		switch req.Method {
		case http.MethodHead:
			return http.StatusNotFound, "", "", ""
		case http.MethodPost:
			return http.StatusAccepted, "Location", "https://registry.example.com/uploads/1", ""
		default:
			return http.StatusAccepted, "Location", "http://storage.example.com/uploads/2", ""
		}
	}}
	open := func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }
	desc := v1.Descriptor{Digest: hash, Size: 16 << 20}
	_, err = session(t, server).Push(t.Context(), desc, "", &repository.Capabilities{}, &repository.UploadSession{}, open)
	if err == nil || !strings.Contains(err.Error(), "not encrypted") || len(server.asked) != 3 {
		t.Errorf("%v after %v", err, server.asked)
	}
}

// someReferrers returns one page of a list of referrers.
func someReferrers(n int) string {
	entry := `{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"` + someDigest + `"}`
	return `{"schemaVersion":2,"manifests":[` + strings.TrimSuffix(strings.Repeat(entry+",", n), ",") + `]}`
}

func TestReferrersComeInParts(t *testing.T) {
	server := &hostile{answer: func(req *http.Request) (int, string, string, string) {
		next := map[string]string{
			"":  `<first>; rel="first", <` + req.URL.Path + `?p=2>; rel="next"`,
			"2": `<http://registry.example.com` + req.URL.Path + `?p=3>;rel=next`,
			"3": `<` + req.URL.Path + `?p=1>; rel="prev"`,
		}
		return http.StatusOK, "Link", next[req.URL.Query().Get("p")], someReferrers(2)
	}}
	list, err := session(t, server).Referrers(t.Context(), someDigest)
	if err != nil || len(list) != 6 || len(server.asked) != 3 || strings.Contains(strings.Join(server.asked, " "), "http:") {
		t.Errorf("%d referrers, %v after %v", len(list), err, server.asked)
	}
}

// TestListsOfReferrersWithoutEnd checks that a list is bounded in pages and bytes, and that
// all its pages are from its registry.
func TestListsOfReferrersWithoutEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		link, body, why string
		most            int // maximum number of requests
	}{
		"no last page":   {`</v2/team/app/referrers/again>; rel="next"`, someReferrers(1), "more than 100 pages", 100},
		"large pages":    {`</v2/team/app/referrers/again>; rel="next"`, someReferrers(1) + strings.Repeat(" ", 6<<20), "larger than 16 MiB", 3},
		"one large page": {``, someReferrers(1) + strings.Repeat(" ", 17<<20), "larger than 16 MiB", 1},
		"another host":   {`<https://b.example.com/v2/team/app/referrers/x>; rel="next"`, someReferrers(1), "https://b.example.com", 1},
		"another port":   {`<https://registry.example.com:8443/x>; rel="next"`, someReferrers(1), "registry.example.com:8443", 1},
		"no encryption":  {`<http://b.example.com/x>; rel="next"`, someReferrers(1), "not encrypted", 1},
	} {
		server := &hostile{answer: func(*http.Request) (int, string, string, string) {
			return http.StatusOK, "Link", tt.link, tt.body
		}}
		_, err := session(t, server).Referrers(t.Context(), someDigest)
		if err == nil || !strings.Contains(err.Error(), tt.why) || len(server.asked) > tt.most {
			t.Errorf("%s: %v after %d requests", name, err, len(server.asked))
		}
	}
}

// FuzzLink checks that a list ends and that all its pages are from its registry, for any
// Link header.
func FuzzLink(f *testing.F) {
	f.Fuzz(func(t *testing.T, link string) {
		server := &hostile{answer: func(*http.Request) (int, string, string, string) {
			return http.StatusOK, "Link", link, someReferrers(1)
		}}
		list, err := session(t, server).Referrers(t.Context(), someDigest)
		if err == nil && len(list) != len(server.asked) {
			t.Errorf("%q: %d referrers after %v", link, len(list), server.asked)
		}
		if len(server.asked) > 100 {
			t.Errorf("%q: %d requests", link, len(server.asked))
		}
		for _, asked := range server.asked {
			rest, ok := strings.CutPrefix(strings.TrimPrefix(asked, "GET https://registry.example.com"), ":443")
			if (!ok && rest == asked) || (rest != "" && !strings.ContainsAny(rest[:1], "/?")) {
				t.Errorf("%q: asked %s", link, fmt.Sprint(server.asked))
			}
		}
	})
}
