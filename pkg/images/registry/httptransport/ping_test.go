package httptransport

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

func TestPlainHTTPThatIsNotNamed(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	base := NewBase(nil, false, 0)
	t.Cleanup(base.CloseIdleConnections)
	p := &pings{inner: base, plain: func(string) bool { return false }}
	for _, scheme := range []string{"https", "http"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(srv.URL, "http", scheme, 1)+"/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := p.RoundTrip(req)
		if err == nil {
			resp.Body.Close()
		}
		if !failure.IsPlain(err) || failure.Classify(err) != images.ClassTLS {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}
