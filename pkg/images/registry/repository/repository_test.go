package repository_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// serve runs a registry, and returns a function that opens sessions with its repositories.
func serve(t *testing.T, handler http.Handler) func(path string) *repository.Session {
	t.Helper()
	srv := httptest.NewServer(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	return func(path string) *repository.Session {
		repo, err := name.NewRepository(strings.TrimPrefix(srv.URL, "http://")+"/"+path, name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		return repository.New(repo, http.DefaultTransport, true)
	}
}

func describe(t *testing.T, data []byte) v1.Descriptor {
	t.Helper()
	digest, size, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{MediaType: types.OCILayer, Digest: digest, Size: size}
}

func TestABlobComesAndGoes(t *testing.T) {
	for name, opts := range map[string]registrytest.Options{"with mounts": {}, "without": {NoMounts: true}, "none from itself": {NoSelfMount: true}} {
		open := serve(t, registrytest.New(opts))
		a, b, can := open("team/a"), open("team/b"), &repository.Capabilities{}
		data := []byte("some content")
		desc := describe(t, data)
		reads := 0
		read := func(context.Context, int64) (io.ReadCloser, error) {
			reads++
			return io.NopCloser(bytes.NewReader(data)), nil
		}
		push := func(s *repository.Session, from string) storage.Pushed {
			t.Helper()
			pushed, err := s.Push(t.Context(), desc, from, can, &repository.UploadSession{}, read)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return pushed
		}
		if got := push(a, ""); got != storage.Uploaded || reads != 1 {
			t.Errorf("%s: pushing it: %d, read %d times", name, got, reads)
		}
		if got := push(a, ""); got != storage.Existed || reads != 1 {
			t.Errorf("%s: pushing it again: %d, read %d times", name, got, reads)
		}
		want := storage.Mounted
		if opts.NoMounts {
			want = storage.Uploaded
		}
		if got := push(b, "team/a"); got != want {
			t.Errorf("%s: mounting it: %d, want %d", name, got, want)
		}
		for range 2 { // the blob does not exist the second time
			if err := a.Delete(t.Context(), desc); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if there, err := a.Exists(t.Context(), desc); err != nil || there {
			t.Errorf("%s: it is there: %t, %v", name, there, err)
		}
	}
}

func TestWhatIsNotDeleted(t *testing.T) {
	registry := registrytest.New(registrytest.Options{NoDelete: true})
	data := []byte("some content")
	desc := describe(t, data)
	registry.AddBlob("team/a", desc.Digest, registrytest.Bytes(data))
	if err := serve(t, registry)("team/a").Delete(t.Context(), desc); !failure.IsRefusal(err) {
		t.Errorf("got %v", err)
	}
}

func TestManifestsAreVerified(t *testing.T) {
	open := serve(t, registrytest.New(registrytest.Options{Sparse: true}))
	s := open("team/a")
	m, err := oci.New([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Digest(t.Context(), "v1"); !failure.IsNotFound(err) {
		t.Errorf("before it was written: %v", err)
	}
	var sent int64
	if _, err := s.PutManifest(t.Context(), "v1", m, func(n int64) { sent += n }); err != nil {
		t.Fatal(err)
	}
	if digest, err := s.Digest(t.Context(), "v1"); err != nil || digest != m.Digest {
		t.Errorf("got %s, %v", digest, err)
	}
	got, err := s.Manifest(t.Context(), m.Digest)
	if err != nil || !bytes.Equal(got.Raw, m.Raw) || got.MediaType != types.OCIImageIndex {
		t.Errorf("got %+v, %v", got, err)
	}
	lying := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		_, _ = io.WriteString(w, `{"manifests":null}`)
	}))
	if _, err := lying("team/a").Manifest(t.Context(), m.Digest); err == nil || !strings.Contains(err.Error(), "the content of "+m.Digest) {
		t.Errorf("another manifest: %v", err)
	}
}
