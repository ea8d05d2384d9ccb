package waiting_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/waiting"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// slow is a body that takes some time before each of its bytes.
type slow struct {
	left  int
	delay time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.delay)
	s.left--
	return copy(p, "x"), nil
}

func (s *slow) Close() error { return nil }

// watched sends a request through a watch, and reads the answer.
func watched(t *testing.T, body io.Reader, answer transport) []string {
	t.Helper()
	var mu sync.Mutex
	var told []string
	w := waiting.Watch(answer, func(host string, silent time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprintf("%s %s", host, silent))
	})
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "https://registry.example.com/v2/", body)
	resp, err := w.RoundTrip(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	time.Sleep(time.Minute) // nothing is told after the end
	mu.Lock()
	defer mu.Unlock()
	return told
}

func TestSilenceIsTold(t *testing.T) {
	ok := func(body io.ReadCloser) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body}, nil
	}
	for name, tt := range map[string]struct {
		body   io.Reader
		answer transport
		want   []string
	}{
		"an answer that begins late": {
			answer: func(*http.Request) (*http.Response, error) {
				time.Sleep(70 * time.Second)
				return ok(http.NoBody)
			},
			want: []string{"registry.example.com 5s", "registry.example.com 30s", "registry.example.com 55s"},
		},
		"a request that fails": {
			answer: func(*http.Request) (*http.Response, error) {
				time.Sleep(6 * time.Second)
				return nil, io.ErrUnexpectedEOF
			},
			want: []string{"registry.example.com 5s"},
		},
		"an answer that stands still": {
			answer: func(*http.Request) (*http.Response, error) { return ok(&slow{left: 2, delay: 6 * time.Second}) },
			want:   []string{"registry.example.com 5s", "registry.example.com 5s"},
		},
		"an answer that is slow, but goes on": {
			answer: func(*http.Request) (*http.Response, error) { return ok(&slow{left: 60, delay: 2 * time.Second}) },
		},
		"an upload that is slow, but goes on": {
			body: &slow{left: 30, delay: 2 * time.Second},
			answer: func(req *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, req.Body)
				return ok(io.NopCloser(strings.NewReader("done")))
			},
		},
		"an answer in time": {answer: func(*http.Request) (*http.Response, error) { return ok(http.NoBody) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if diff := cmp.Diff(tt.want, watched(t, tt.body, tt.answer)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestNobodyIsTold(t *testing.T) {
	inner := transport(func(*http.Request) (*http.Response, error) { return &http.Response{}, nil })
	if _, ok := waiting.Watch(inner, nil).(transport); !ok {
		t.Error("there is nothing to watch, and it is watched")
	}
}
