package transfer_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	ggcr "github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// pack copies a fleet into an archive, and returns the archive's name.
func pack(t *testing.T, form string, from strict, plan images.Plan) string {
	t.Helper()
	name := form + filepath.Join(t.TempDir(), "archive")
	a, err := layout.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	report := open(t, login()).Copy(t.Context(), inArchive(plan), transfer.Options{Into: a})
	wantAll(t, report, images.Copied)
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	if from.Registry != nil {
		wantOnce(t, from.Take())
	}
	return name
}

// inArchive returns the plan to write the images of another plan into an archive.
func inArchive(plan images.Plan) images.Plan {
	var inv images.Collector
	for _, c := range plan.Copies {
		img := images.Image{Ref: c.Source, Kind: c.Kind, Digest: c.Digest}
		if c.Target != plan.Target.Ref(c.Source) {
			img.Also = []string{strings.TrimPrefix(c.Target.Repository, plan.Target.Prefix+"/")}
		}
		inv.Add(img)
	}
	return images.NewPlan(inv.Inventory(), images.Target{Archive: "oci:anywhere"})
}

// unpack copies an archive into a registry.
func unpack(t *testing.T, name string, to strict) (images.Plan, images.Report) {
	t.Helper()
	a, err := layout.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	inv, err := transfer.Inventory(a)
	if err != nil {
		t.Fatal(err)
	}
	plan := images.NewPlan(inv, images.Target{Registry: to.server.Host, Prefix: "mirror"})
	return plan, open(t, login()).Copy(t.Context(), plan, transfer.Options{From: a})
}

func TestArchivesAreIdentical(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		t.Run(form, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			plan := fleet(t, small(60), from, to)
			digest, _ := from.Tag("team/app-000", "v0")
			sbom := sign(t, from, "team/app-000", digest)
			name := pack(t, form, from, plan)
			loaded, report := unpack(t, name, to)
			wantAll(t, report, images.Copied)
			if len(loaded.Copies) != 60 {
				t.Errorf("%d images in the archive", len(loaded.Copies))
			}
			wantCopies(t, plan, from, to)
			if _, ok := to.Tag("mirror/team/app-000", oci.DigestTag(digest.String())+".sig"); !ok || !to.Manifest("mirror/team/app-000", sbom) {
				t.Error("the signatures are missing")
			}
			_, again := unpack(t, name, to)
			wantAll(t, again, images.Present)
		})
	}
}

// TestArchivesAreReadByOthers reads a directory with another implementation of OCI layouts.
func TestArchivesAreReadByOthers(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(3), from, to)
	name := pack(t, layout.DirScheme, from, plan)
	path, err := ggcr.FromPath(strings.TrimPrefix(name, layout.DirScheme))
	if err != nil {
		t.Fatal(err)
	}
	index, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 3 {
		t.Fatalf("%v, %v", manifest, err)
	}
	for i, desc := range manifest.Manifests {
		if got := desc.Annotations[layout.NameAnnotation]; got != plan.Copies[i].Source.String() {
			t.Errorf("got the name %s, want %s", got, plan.Copies[i].Source)
		}
	}
	wantChildren(t, index)
}

func TestPackingGoesOn(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		t.Run(form, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			plan := fleet(t, small(8), from, to)
			name := form + filepath.Join(t.TempDir(), "archive")
			ctx, cancel := context.WithCancel(t.Context())
			left := 66
			from.server.Fail(stopAfter(from.server, &left, cancel))
			first, err := layout.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			report := open(t, login()).Copy(ctx, inArchive(plan), transfer.Options{Into: first, Jobs: 1})
			if report.Count(images.Skipped) == 0 {
				t.Error("it was not stopped")
			}
			arrived := map[v1.Hash]bool{}
			for _, digest := range from.Digests() {
				arrived[digest] = first.Has(digest)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			from.Take()
			second, err := layout.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			report = open(t, login()).Copy(t.Context(), inArchive(plan), transfer.Options{Into: second})
			if report.Count(images.Failed)+report.Count(images.Skipped) > 0 {
				t.Errorf("%+v", report)
			}
			if err := second.Finish(); err != nil {
				t.Fatal(err)
			}
			for digest := range from.Take().Blobs {
				if arrived[digest] {
					t.Errorf("%s had arrived, and was fetched again", digest)
				}
			}
			_, loaded := unpack(t, name, to)
			wantAll(t, loaded, images.Copied)
			wantCopies(t, plan, from, to)
		})
	}
}

// TestDamagedArchives changes one blob of an archive.
func TestDamagedArchives(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
		class  images.Class
		text   string
	}{
		{"a byte is flipped", func(t *testing.T, path string) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(bytes.Clone(data[:9]), append([]byte{^data[9]}, data[10:]...)...), 0o600); err != nil {
				t.Fatal(err)
			}
		}, images.ClassDigest, "the content of "},
		{"it is cut", func(t *testing.T, path string) {
			if err := os.Truncate(path, 5); err != nil {
				t.Fatal(err)
			}
		}, images.ClassDigest, "truncated or damaged"},
		{"it is deleted", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, images.ClassNotFound, "is not in the archive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			plan := fleet(t, registrytest.Fleet{Repositories: 60, OwnSize: 2000}, from, to)
			name := pack(t, layout.DirScheme, from, plan)
			own, err := registrytest.NewLayer(1_000_000+1000, 2000) // of the second image
			if err != nil {
				t.Fatal(err)
			}
			tt.damage(t, filepath.Join(strings.TrimPrefix(name, layout.DirScheme), "blobs", "sha256", own.Digest.Hex))
			_, report := unpack(t, name, to)
			got := report.Results[1]
			if report.Count(images.Copied) != 59 || got.Class != tt.class || !strings.Contains(got.Error, tt.text) || !strings.Contains(got.Error, own.Digest.Hex) {
				t.Errorf("%d copied; %s: %s", report.Count(images.Copied), got.Class, got.Error)
			}
		})
	}
}

// TestDamagedTars changes a byte of a blob in a tar file, and truncates the file.
func TestDamagedTars(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, registrytest.Fleet{Repositories: 60, OwnSize: 2000}, from, to)
	name := pack(t, layout.TarScheme, from, plan)
	own, err := registrytest.NewLayer(1_000_000+1000, 2000)
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(name, layout.TarScheme)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := bytes.Index(data, []byte("blobs/sha256/"+own.Digest.Hex))
	if header < 0 {
		t.Fatal("the blob is not in the file")
	}
	data[header+512+9] ^= 0xff
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, report := unpack(t, name, to)
	got := report.Results[1]
	if report.Count(images.Copied) != 59 || got.Class != images.ClassDigest || !strings.Contains(got.Error, own.Digest.Hex) {
		t.Errorf("%d copied; %s: %s", report.Count(images.Copied), got.Class, got.Error)
	}
	if err := os.Truncate(path, int64(len(data)/2)); err != nil {
		t.Fatal(err)
	}
	if a, err := layout.Open(t.Context(), name); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("half of it was opened: %v, %v", a, err)
	}
}

func TestAnArchiveOfWhatIsNew(t *testing.T) {
	from, to, empty := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	f := small(6)
	plan := fleet(t, f, from, to)
	base := pack(t, layout.TarScheme, from, plan)
	old, err := layout.Open(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()

	f.Repositories, f.Changed = 8, 1 // two are new, one has changed, and the bases are old
	plan = fleet(t, f, from, to)
	name := layout.DirScheme + filepath.Join(t.TempDir(), "delta")
	delta, err := layout.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	from.Take()
	report := open(t, login()).Copy(t.Context(), inArchive(plan), transfer.Options{Into: delta, Since: old})
	if report.Count(images.Present) != 5 || report.Count(images.Copied) != 3 {
		t.Errorf("%d present, %d copied", report.Count(images.Present), report.Count(images.Copied))
	}
	if err := delta.Finish(); err != nil {
		t.Fatal(err)
	}
	if got := from.Take().BytesOut; got > 3*2*(f.OwnSize+1000) {
		t.Errorf("%d bytes were fetched for 6 small layers", got)
	}

	_, report = unpack(t, name, empty)
	for _, res := range report.Results {
		if res.Class != images.ClassNotFound || !strings.Contains(res.Error, "only content that is new since "+base) || !strings.Contains(res.Remedy, "first") {
			t.Errorf("into an empty registry: %+v", res)
		}
	}
	_, report = unpack(t, base, to)
	wantAll(t, report, images.Copied)
	_, report = unpack(t, name, to)
	wantAll(t, report, images.Copied)
	wantCopies(t, plan, from, to)
}
