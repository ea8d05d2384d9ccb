package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
)

// TestAnswersOfTokenServersAreNotQuoted checks that an error about an answer quotes nothing
// of it.
func TestAnswersOfTokenServersAreNotQuoted(t *testing.T) {
	for name, answer := range map[string]string{
		"another name":   `{"refresh_token":"s3cret","accessToken":"s3cret"}`,
		"a bare token":   `s3cret`,
		"a list":         `["s3cret"]`,
		"nothing":        ``,
		"a number":       `{"token":1234567890123}`,
		"a wrong expiry": `{"token":"s3cret","expires_in":"s3cret"}`,
	} {
		for _, redirects := range []bool{false, true} {
			host := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/token" && redirects:
					http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
				case r.URL.Path == "/token" || r.URL.Path == "/elsewhere":
					fmt.Fprint(w, answer)
				default:
					w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="s"`)
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			r := registry.New(registry.Config{Retry: once()})
			t.Cleanup(r.Close)
			_, err := r.Digest(t.Context(), images.Ref{Registry: host, Repository: "team/app", Tag: "v1"})
			if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "1234567890123") {
				t.Errorf("%s, redirects %t: %v", name, redirects, err)
			}
			if name == "another name" && (failure.Classify(err) != images.ClassAuth || !strings.Contains(err.Error(), "logging in to "+host+": the token server "+host)) {
				t.Errorf("%s: %q, %v", name, failure.Classify(err), err)
			}
		}
	}
}
