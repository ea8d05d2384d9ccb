package images_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// listed is an inventory of references, each with a digest behind "=" if it has one.
func listed(t *testing.T, texts ...string) images.Inventory {
	t.Helper()
	var c images.Collector
	for _, text := range texts {
		name, known, _ := strings.Cut(text, "=")
		c.Add(images.Image{Ref: ref(t, name), Digest: known, Reasons: []images.Reason{{Source: "components"}}})
	}
	return c.Inventory().From([]string{"components"}, nil)
}

func namesOf(all []images.Image) string {
	var names []string
	for _, img := range all {
		names = append(names, img.Ref.Repository+":"+img.Ref.Tag)
	}
	return strings.Join(names, " ")
}

func TestExcluding(t *testing.T) {
	inv, unused := listed(t, "quay.io/a/one:1", "quay.io/a/one:2", "quay.io/b/two:1", "ghcr.io/c:1").Excluding([]string{"a/one:1", "two", "nothing"})
	if got := namesOf(inv.Images); got != "c:1 a/one:2" || inv.Sources[0].Images != 2 {
		t.Errorf("kept %s, sources %+v", got, inv.Sources)
	}
	if diff := cmp.Diff([]string{"nothing"}, unused); diff != "" {
		t.Error(diff)
	}
	data, err := json.Marshal(inv.List())
	if err != nil {
		t.Fatal(err)
	}
	again, err := images.ParseList(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]images.Ref{ref(t, "quay.io/a/one:1"), ref(t, "quay.io/b/two:1")}, again.Excluded); diff != "" {
		t.Errorf("a list does not keep what was left out: %s", diff)
	}
	if again, unused := again.Excluding([]string{"two", "c"}); len(unused) > 0 || len(again.Excluded) != 3 {
		t.Errorf("left out twice: %v, unused %v", again.Excluded, unused)
	}
}

func TestSince(t *testing.T) {
	one, two := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	older := listed(t, "a:1="+one, "b:1="+one, "c:1", "d:1="+one, "e:1")
	now, _ := listed(t, "a:1="+one, "b:1="+two, "c:1="+one, "d:2", "e:1").Excluding([]string{"e"})
	changes := now.Since(older)
	got := ""
	for _, img := range changes.Images {
		got += img.Change + " " + img.Ref.Repository + ":" + img.Ref.Tag + ", "
	}
	if want := "changed library/b:1, new library/d:2, "; got != want || namesOf(changes.Gone) != "library/d:1" {
		t.Errorf("%s, gone %s", got, namesOf(changes.Gone))
	}
	if len(changes.Gone[0].Reasons) != 1 {
		t.Errorf("an image that is gone has lost its reasons: %+v", changes.Gone[0])
	}
}

// TestCompared checks that a comparison keeps the images that have not changed, with both digests of
// those that have.
func TestCompared(t *testing.T) {
	one, two := "sha256:"+strings.Repeat("1", 64), "sha256:"+strings.Repeat("2", 64)
	now := listed(t, "a:1="+one, "b:1="+two, "c:1")
	changes := now.Compared(listed(t, "a:1="+one, "b:1="+one, "d:1"))
	got := ""
	for _, img := range changes.Images {
		got += img.Ref.Repository + " " + img.Change + " " + img.Before + ", "
	}
	if want := "library/a  , library/b changed " + one + ", library/c new , "; got != want || namesOf(changes.Gone) != "library/d:1" {
		t.Errorf("%s, gone %s", got, namesOf(changes.Gone))
	}
	if now.Images[1].Change != "" {
		t.Error("the inventory that was compared has changed")
	}
}

func TestBeyond(t *testing.T) {
	list, _ := listed(t, "a:1", "b:1").Excluding([]string{"b"})
	if got := namesOf(listed(t, "a:1", "b:1", "c:1").Beyond(list).Images); got != "library/c:1" {
		t.Error(got)
	}
}
