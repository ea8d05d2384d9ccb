package storagetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Image pushes a configuration and a layer to a target, and returns a manifest with them.
func Image(t testing.TB, to storage.Target, content string) oci.Manifest {
	t.Helper()
	config, layer := Push(t, to, []byte("{}")), Push(t, to, []byte(content))
	config.MediaType, layer.MediaType = types.OCIConfigJSON, types.OCILayer
	return Manifest(t, v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: []v1.Descriptor{layer}})
}

// Manifest encodes a document as a manifest.
func Manifest(t testing.TB, document any) oci.Manifest {
	t.Helper()
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	m, err := oci.New(raw, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Push pushes a blob.
func Push(t testing.TB, to storage.Target, data []byte) v1.Descriptor {
	t.Helper()
	desc := Describe(t, data)
	if _, err := to.Push(t.Context(), desc, "", opener(data)); err != nil {
		t.Fatal(err)
	}
	return desc
}

// Describe returns the descriptor of a blob.
func Describe(t testing.TB, data []byte) v1.Descriptor {
	t.Helper()
	digest, size, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{Digest: digest, Size: size}
}

func opener(data []byte) storage.Opener {
	return func(_ context.Context, offset int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data[offset:])), nil
	}
}

// CutOpener opens a blob that fails at an offset, and records the offsets at which it is
// opened.
func CutOpener(data []byte, at int64, err error, offsets *[]int64) storage.Opener {
	return func(_ context.Context, offset int64) (io.ReadCloser, error) {
		*offsets = append(*offsets, offset)
		if at >= int64(len(data)) {
			return io.NopCloser(bytes.NewReader(data[offset:])), nil
		}
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[offset:at]), failing{err})), nil
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Check tests an empty target. tag is the tag to write.
func Check(t *testing.T, to storage.Target, tag string) {
	check(t, to, tag, true)
}

// CheckWithoutReferrers tests an empty target that has no referrers API: it reads the list
// that others keep under the fallback tag.
func CheckWithoutReferrers(t *testing.T, to storage.Target, tag string) {
	check(t, to, tag, false)
}

func check(t *testing.T, to storage.Target, tag string, referrers bool) {
	t.Run("blobs", func(t *testing.T) { checkBlobs(t, to) })
	t.Run("manifests", func(t *testing.T) { checkReferrers(t, to, checkManifests(t, to, tag), referrers) })
	t.Run("source fails", func(t *testing.T) { checkSourceFails(t, to) })
}

func checkBlobs(t *testing.T, to storage.Target) {
	data := []byte("what is in a blob")
	desc := Describe(t, data)
	if there, err := to.Exists(t.Context(), desc); there || err != nil {
		t.Errorf("before: %t, %v", there, err)
	}
	if _, err := to.Open(t.Context(), desc, 0, nil); !failure.IsNotFound(err) {
		t.Errorf("opening what is not there: %v", err)
	}
	for _, want := range []storage.Pushed{storage.Uploaded, storage.Existed} {
		if got, err := to.Push(t.Context(), desc, "", opener(data)); got != want || err != nil {
			t.Errorf("pushing: %d, %v, want %d", got, err, want)
		}
	}
	if there, err := to.Exists(t.Context(), desc); !there || err != nil {
		t.Errorf("after: %t, %v", there, err)
	}
	for _, offset := range []int64{0, 5} {
		content, err := to.Open(t.Context(), desc, offset, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(content)
		if err != nil || !bytes.Equal(got, data[offset:]) {
			t.Errorf("from %d on: %q, %v", offset, got, err)
		}
		_ = content.Close() // read only
	}
}

func checkManifests(t *testing.T, to storage.Target, tag string) oci.Manifest {
	m := Image(t, to, "a layer")
	for _, reference := range []string{tag, m.Digest} {
		if _, err := to.Resolve(t.Context(), reference); !failure.IsNotFound(err) {
			t.Errorf("%s, before: %v", reference, err)
		}
	}
	if listed, err := to.PutManifest(t.Context(), m, tag); listed || err != nil {
		t.Fatalf("listed %t, %v", listed, err)
	}
	for _, reference := range []string{tag, m.Digest} {
		digest, err := to.Resolve(t.Context(), reference)
		got, failed := to.Manifest(t.Context(), reference)
		if err != nil || failed != nil || digest != m.Digest || !bytes.Equal(got.Raw, m.Raw) || got.MediaType != m.MediaType {
			t.Errorf("%s: %s, %+v, %v, %v", reference, digest, got, err, failed)
		}
	}
	return m
}

// checkReferrers pushes a referrer of a manifest. want tells whether the target lists
// referrers by itself.
func checkReferrers(t *testing.T, to storage.Target, m oci.Manifest, want bool) {
	hash, err := v1.NewHash(m.Digest)
	if err != nil {
		t.Fatal(err)
	}
	config := Push(t, to, []byte("{}"))
	config.MediaType = types.OCIConfigJSON
	signature := Manifest(t, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: []v1.Descriptor{},
		Subject: &v1.Descriptor{MediaType: m.MediaType, Digest: hash, Size: int64(len(m.Raw))},
	})
	if listed, err := to.PutManifest(t.Context(), signature, ""); listed != want || err != nil {
		t.Errorf("a referrer is listed: %t, %v", listed, err)
	}
	if !want {
		desc := Describe(t, signature.Raw)
		desc.MediaType = signature.MediaType
		list := Manifest(t, v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{desc}})
		if _, err := to.PutManifest(t.Context(), list, oci.DigestTag(m.Digest)); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := to.Referrers(t.Context(), m.Digest); err != nil || len(list) != 1 || list[0].Digest.String() != signature.Digest {
		t.Errorf("referrers %+v, %v", list, err)
	}
}

// checkSourceFails checks that an error of the source is returned unchanged, and that the
// next push of the same blob succeeds.
func checkSourceFails(t *testing.T, to storage.Target) {
	data := []byte("what comes late")
	desc := Describe(t, data)
	broken := &failure.OperationError{Doing: "pulling", Where: "the source", Err: errors.New("it is broken")}
	_, err := to.Push(t.Context(), desc, "", func(context.Context, int64) (io.ReadCloser, error) { return nil, broken })
	if !errors.Is(err, broken) || failure.IsAtTarget(err) {
		t.Errorf("%v", err)
	}
	if there, err := to.Exists(t.Context(), desc); there || err != nil {
		t.Errorf("after the failure: %t, %v", there, err)
	}
	if got, err := to.Push(t.Context(), desc, "", opener(data)); got != storage.Uploaded || err != nil {
		t.Errorf("the next try: %d, %v", got, err)
	}
}
