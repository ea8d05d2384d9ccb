package httptransport

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// leaky answers with secrets in all parts of the answer.
func leaky(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Location", "https://u:s3cret@cdn.example.com/blob?X-Amz-Signature=s3cret&digest=sha256:1&_state=s3cret")
	w.Header().Set("Set-Cookie", "session=s3cret")
	w.Header().Set("WWW-Authenticate", `Bearer realm="https://u:s3cret@auth.example.com/token?sig=s3cret",service="registry"`)
	w.Header().Set("X-Amz-Security-Token", "s3cret")
	w.Header().Set("Link", "</v2/_catalog?last=a&ticket=s3cret>; rel=\"next\"")
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprint(w, `{"token":"s3cret"}`)
}

// traced sends a request with secrets in all its parts, and returns the log.
func traced(t *testing.T, address string, level int) string {
	t.Helper()
	base := NewBase(nil, false, 0)
	defer base.CloseIdleConnections()
	var out strings.Builder
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("password=s3cret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Registry-Auth", "X-Api-Key", "Private-Token"} {
		req.Header.Set(name, "Bearer s3cret")
	}
	resp, err := Trace(base, level, &out).RoundTrip(req)
	if err == nil {
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	return out.String()
}

func TestNoSecretIsPrinted(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(leaky))
	t.Cleanup(srv.Close)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	path := "/v2/a/blobs/uploads/1?digest=sha256:1&_state=s3cret&token=s3cret&s3=%0As3cret#s3cret"
	with := strings.Replace(srv.URL, "http://", "http://u:s3cret@", 1) + path
	nobody := "http://u:s3cret@127.0.0.1:1" + path
	for level := range 12 {
		for _, address := range []string{with, nobody} {
			if got := traced(t, address, level); strings.Contains(got, "s3cret") || (got == "") != (level < TraceRequests) {
				t.Errorf("level %d prints %q", level, got)
			}
		}
	}
}

func TestTrace(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(leaky))
	t.Cleanup(srv.Close)
	path := "/v2/a/blobs/uploads/1?digest=sha256:1&_state=s3cret"
	line := regexp.MustCompile(`^POST ` + srv.URL + `/v2/a/blobs/uploads/1\?_state=<masked>&digest=sha256:1 202 Accepted in \d+ ms, 15 bytes sent, 18 bytes received\n$`)
	if got := traced(t, srv.URL+path, TraceRequests); !line.MatchString(got) {
		t.Errorf("got %q", got)
	}
	got := traced(t, srv.URL+path, TraceHeaders)
	for _, want := range []string{
		"    request Authorization: <masked>\n",
		"    response Location: https://cdn.example.com/blob?X-Amz-Signature=<masked>&_state=<masked>&digest=sha256:1\n",
		"    response Link: </v2/_catalog?last=a&ticket=<masked>>; rel=\"next\"\n",
		`    response Www-Authenticate: Bearer realm="https://auth.example.com/token?sig=<masked>",service="registry"` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	refused := regexp.MustCompile(`^POST http://127.0.0.1:1/ in \d+ ms: .*connection refused\n$`)
	if got := traced(t, "http://127.0.0.1:1/", TraceRequests); !refused.MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	base := NewBase(nil, false, 0)
	t.Cleanup(base.CloseIdleConnections)
	var out strings.Builder
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, srv.URL+"/v2/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := Trace(base, TraceRequests, &out).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if !strings.HasPrefix(out.String(), "HEAD "+srv.URL+"/v2/ 404 Not Found in ") {
		t.Errorf("got %q before the body was closed", out.String())
	}
}
