package stream

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

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// blobOf returns a reader of body that expects content.
func blobOf(t *testing.T, content []byte, body io.Reader) *Reader {
	t.Helper()
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewReader(v1.Descriptor{Digest: digest, Size: size}, 0, io.NopCloser(body), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBlobsAreVerified(t *testing.T) {
	content := []byte("some content")
	var digest *failure.DigestError
	var broken *failure.InterruptedError
	tests := []struct {
		name string
		body io.Reader
		want any // type of the error; nil: none
	}{
		{"right", bytes.NewReader(content), nil},
		{"in small pieces", iotest.OneByteReader(bytes.NewReader(content)), nil},
		{"error with the last bytes", iotest.DataErrReader(bytes.NewReader(content)), nil},
		{"other", bytes.NewReader([]byte("SOME CONTENT")), &digest},
		{"right, then cut", io.MultiReader(bytes.NewReader(content), iotest.ErrReader(errors.New("reset"))), nil},
		{"longer", bytes.NewReader([]byte("some content and more")), &digest},
		{"shorter", bytes.NewReader(content[:5]), &broken},
		{"cut", io.MultiReader(bytes.NewReader(content[:5]), iotest.ErrReader(&failure.InterruptedError{Err: errors.New("reset")})), &broken},
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

func TestUploadThatIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancelCause(t.Context())
		body := NewUploadBody(io.NopCloser(bytes.NewReader(make([]byte, 100))), cancel)
		if _, err := body.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done() // the server stops reading
		err := body.Failure(context.Cause(ctx), ctx.Err())
		var stalled *safehttp.IdleTimeoutError
		if !failure.IsTransient(err) || !errors.As(err, &stalled) || time.Since(start) != safehttp.IdleTimeout {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}
