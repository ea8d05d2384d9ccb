package transfer_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// placed returns a plan to copy a fleet of three: a chart whose second place is before all
// others, and an image whose second place has the prefix of the target.
func placed(t *testing.T, f registrytest.Fleet, from, to strict) (images.Inventory, images.Plan) {
	t.Helper()
	var inv images.Collector
	for i, c := range fleet(t, f, from, to).Copies {
		img := images.Image{Ref: c.Source}
		switch i {
		case 0:
			img.Kind, img.Also = images.KindChart, []string{"above/charts/kubevirt"}
		case 1:
			img.Also = []string{"{prefix}/team/app-001"}
		}
		inv.Add(img)
	}
	return inv.Inventory(), images.NewPlan(inv.Inventory(), images.Target{Registry: to.server.Host, Prefix: "mirror"})
}

// write copies an inventory into an archive, and completes the archive.
func write(t *testing.T, inv images.Inventory, name string, since *layout.Archive) images.Report {
	t.Helper()
	into, err := layout.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	report := open(t, login()).Copy(t.Context(), images.NewPlan(inv, images.Target{Archive: name}), transfer.Options{Into: into, Since: since})
	if err := into.Finish(); err != nil {
		t.Fatal(err)
	}
	return report
}

// listed returns the images of an archive, without digests.
func listed(t *testing.T, name string) images.Inventory {
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
	for i := range inv.Images {
		inv.Images[i].Digest = ""
	}
	return inv
}

func TestSecondPlacesTravelInArchives(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		t.Run(form, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
			inv, plan := placed(t, small(3), from, to)
			name := form + filepath.Join(t.TempDir(), "archive")
			report := write(t, inv, name, nil)
			wantAll(t, report, images.Copied)
			if got := report.Results[0].Also; !cmp.Equal(got, inv.Images[0].Also) {
				t.Errorf("the report says that the chart goes to %v, too", got)
			}
			if diff := cmp.Diff(inv, listed(t, name)); diff != "" {
				t.Error(diff)
			}
			loaded, report := unpack(t, name, to)
			wantAll(t, report, images.Copied)
			if len(loaded.Copies) != 5 {
				t.Errorf("%d copies, want one for each place: %+v", len(loaded.Copies), loaded.Copies)
			}
			wantCopies(t, plan, from, to)
			for _, repository := range []string{"mirror/above/charts/kubevirt", "mirror/mirror/team/app-001"} {
				if _, ok := to.Tag(repository, "v0"); !ok {
					t.Errorf("nothing is in %s", repository)
				}
			}
			wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true), nil)
			again := filepath.Join(t.TempDir(), "again")
			write(t, listed(t, name), layout.TarScheme+again, nil)
			if diff := cmp.Diff(inv, listed(t, again)); diff != "" {
				t.Error("from a list that was read:", diff)
			}
		})
	}
}

// TestSecondPlacesAreNotedLater writes an archive again after an image has a new second
// place.
func TestSecondPlacesAreNotedLater(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	inv, plan := placed(t, small(3), from, to)
	name := layout.TarScheme + filepath.Join(t.TempDir(), "archive")
	var without images.Collector
	for _, img := range inv.Images {
		without.Add(images.Image{Ref: img.Ref})
	}
	wantAll(t, write(t, without.Inventory(), name, nil), images.Copied)

	a, err := layout.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var found []string
	for _, check := range open(t, login()).Verify(t.Context(), inArchive(plan), transfer.Options{Into: a}, false).Checks {
		for _, problem := range check.Problems {
			found = append(found, string(check.Finding)+" "+problem.Part+" "+problem.Detail)
		}
	}
	if diff := cmp.Diff([]string{"incomplete place second place not recorded: above/charts/kubevirt", "incomplete place second place not recorded: mirror/team/app-001"}, found); diff != "" {
		t.Error(diff)
	}

	from.Take()
	report := write(t, inv, name, nil)
	if report.Count(images.Copied) != 2 || report.Count(images.Present) != 1 || len(from.Take().Blobs) > 0 {
		t.Errorf("%+v", report)
	}
	if diff := cmp.Diff(inv, listed(t, name)); diff != "" {
		t.Error(diff)
	}
}

// TestSecondPlacesSinceAnArchive writes a delta archive: new second places of old images,
// and an image whose second place is before all others, with layers that the registry has
// already.
func TestSecondPlacesSinceAnArchive(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	base := pack(t, layout.DirScheme, from, fleet(t, small(3), from, to))
	old, err := layout.Open(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	changed := small(3)
	changed.Changed = 1 // the first
	inv, plan := placed(t, changed, from, to)
	delta := layout.TarScheme + filepath.Join(t.TempDir(), "delta")
	report := write(t, inv, delta, old)
	if report.Count(images.Copied) != 2 || report.Count(images.Present) != 1 {
		t.Errorf("%+v", report)
	}
	if again := write(t, inv, layout.DirScheme+t.TempDir()+"/none", old); again.Count(images.Copied) != 2 {
		t.Errorf("%+v", again)
	}
	_, report = unpack(t, base, to)
	wantAll(t, report, images.Copied)
	_, report = unpack(t, delta, to)
	if report.Count(images.Copied) != 3 || report.Count(images.Present) != 1 { // the second image was in its first place
		t.Errorf("%+v", report)
	}
	wantCopies(t, plan, from, to)
}

// TestPlacesOfOthersAreChecked reads an archive of another tool.
func TestPlacesOfOthersAreChecked(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	inv, _ := placed(t, small(3), from, to)
	inv.Images[0].Also, inv.Images[1].Kind = []string{"../../other"}, "wasm"
	name := layout.DirScheme + filepath.Join(t.TempDir(), "archive")
	write(t, inv, name, nil)
	got := listed(t, name)
	if len(got.Images) != 1 || len(got.Gaps) != 2 {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(got.Gaps[0].Error, `"../../other" is not a repository`) || !strings.Contains(got.Gaps[1].Error, `unknown kind "wasm"`) {
		t.Error(got.Gaps)
	}
}
