package chart

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// TestRepositoriesThatRedirect wants the password of a repository to stay with its scheme,
// host and port, whatever client the puller was given.
func TestRepositoriesThatRedirect(t *testing.T) {
	var got []string
	listen := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		got = append(got, password)
		w.WriteHeader(http.StatusNotFound)
	})
	secure, plain := httptest.NewTLSServer(listen), httptest.NewServer(listen)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	for name, tt := range map[string]struct {
		to      string
		arrives int // requests at the other server
		refused bool
	}{
		"another port": {secure.URL, 1, false},
		"plain HTTP":   {plain.URL, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			got = nil
			asked := ""
			first := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, asked, _ = r.BasicAuth()
				http.Redirect(w, r, tt.to+r.URL.Path, http.StatusFound)
			}))
			t.Cleanup(first.Close)
			p := &Puller{Registry: &fakeRegistry{}, Client: first.Client()}
			_, err := p.Pull(t.Context(), Source{first.URL, "sub", "1.0.0", Access{Username: "u", Password: "secret"}})
			var request *url.Error
			var refused *safehttp.RedirectError
			if err == nil || errors.As(err, &refused) != tt.refused || (tt.refused && !errors.As(err, &request)) {
				t.Errorf("got %v", err)
			}
			if asked != "secret" || len(got) != tt.arrives || (len(got) > 0 && got[0] != "") {
				t.Errorf("the repository got %q, the other server %q", asked, got)
			}
		})
	}
}
