package bounded_test

import (
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{"": "", "äöü": "äöü", "äöüß": "äöü …"} {
		if got := bounded.Text(text, 3); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
