package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// blobOf returns a reader of body that expects content.
func blobOf(t *testing.T, content []byte, body io.Reader) *blobReader {
	t.Helper()
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r, err := newBlobReader(v1.Descriptor{Digest: digest, Size: size}, 0)
	if err != nil {
		t.Fatal(err)
	}
	r.body = io.NopCloser(body)
	return r
}

func TestBlobsAreVerified(t *testing.T) {
	content := []byte("some content")
	var digest *digestError
	var broken *brokenError
	tests := []struct {
		name string
		body io.Reader
		want any // the error's type, nil for none
	}{
		{"right", bytes.NewReader(content), nil},
		{"in small pieces", iotest.OneByteReader(bytes.NewReader(content)), nil},
		{"error with the last bytes", iotest.DataErrReader(bytes.NewReader(content)), nil},
		{"other", bytes.NewReader([]byte("SOME CONTENT")), &digest},
		{"right, then cut", io.MultiReader(bytes.NewReader(content), iotest.ErrReader(errors.New("reset"))), nil},
		{"longer", bytes.NewReader([]byte("some content and more")), &digest},
		{"shorter", bytes.NewReader(content[:5]), &broken},
		{"cut", io.MultiReader(bytes.NewReader(content[:5]), iotest.ErrReader(&brokenError{errors.New("reset")})), &broken},
	}
	for _, tt := range tests {
		r := blobOf(t, content, tt.body)
		_, err := io.ReadAll(r)
		if (tt.want == nil && err != nil) || (tt.want != nil && !errors.As(err, tt.want)) {
			t.Errorf("%s: got %v", tt.name, err)
		}
		_ = r.Close()
	}
}

func TestStalledDownloadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancelCause(t.Context())
		r := newWatched(ctx, cancel, io.NopCloser(waiter{ctx.Done()}))
		_, err := io.ReadAll(r)
		if !isTransient(err) || !errors.Is(err, stalledError{}) || time.Since(start) != stallLimit {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		_ = r.Close()
	})
}

// waiter is a body on which nothing comes.
type waiter struct{ done <-chan struct{} }

func (w waiter) Read([]byte) (int, error) {
	<-w.done
	return 0, context.Canceled
}

func TestAttemptsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), 0
		var waits []time.Duration
		err := NewRegistries(Config{}).retry.do(t.Context(), func(_ int, _ error, d time.Duration) { waits = append(waits, d) }, func(context.Context) error {
			tries++
			return answer(503)
		})
		if took := time.Since(start); err == nil || tries != 5 || len(waits) != 4 || took > 10*time.Second {
			t.Errorf("%d tries, waits %v, %s, %v", tries, waits, took, err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		err = policy{attempts: 5}.do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
			ctx.Value(wishKey{}).(*wish).note("3600", time.Now())
			return answer(429)
		})
		if took := time.Since(start); err == nil || took != time.Minute {
			t.Errorf("a wait of an hour was left after %s with %v", took, err)
		}
	})
}
