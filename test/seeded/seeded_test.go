package seeded_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/seeded"
)

func TestTheSeedCanBeSet(t *testing.T) {
	t.Setenv(seeded.Variable, "17")
	a, b := seeded.New(t), seeded.New(t)
	for range 3 {
		if x, y := a.Uint64(), b.Uint64(); x != y {
			t.Errorf("%d and %d with one seed", x, y)
		}
	}
	t.Setenv(seeded.Variable, "18")
	if a.Uint64() == seeded.New(t).Uint64() {
		t.Error("another seed gives the same")
	}
}
