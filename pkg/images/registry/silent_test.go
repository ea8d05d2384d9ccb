package registry_test

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
)

// TestHostsThatNeverAnswer checks that a host that accepts connections and never answers
// fails for all images after some seconds, for any number of images.
func TestHostsThatNeverAnswer(t *testing.T) {
	host := serveNothing(t)
	r := registry.New(registry.Config{Answer: 100 * time.Millisecond, PlainHTTP: []string{host}})
	t.Cleanup(r.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	begun := time.Now()
	for range 100 {
		_, err := r.Digest(ctx, images.Ref{Registry: host, Repository: "team/app", Tag: "v1"})
		if failure.Classify(err) != images.ClassNetwork {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestAnswersThatAreSlow checks that requests to a slow host are retried.
func TestAnswersThatAreSlow(t *testing.T) {
	var asked atomic.Int32
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" && asked.Add(1) < 4 {
			<-r.Context().Done()
		}
		w.Header().Set("Docker-Content-Digest", "sha256:"+zeros)
	})
	r := registry.New(registry.Config{Answer: 100 * time.Millisecond})
	t.Cleanup(r.Close)
	if digest, err := r.Digest(t.Context(), images.Ref{Registry: host, Repository: "team/app", Tag: "v1"}); err != nil {
		t.Errorf("%s: %v", digest, err)
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// serveNothing accepts connections and never answers.
func serveNothing(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			open = append(open, connection)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
		for _, connection := range open {
			connection.Close()
		}
	})
	return listener.Addr().String()
}
