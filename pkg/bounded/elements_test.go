package bounded_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

func TestElements(t *testing.T) {
	for array, want := range map[string]string{ // the error; "": none
		``:                  "",
		`null`:              "",
		`[]`:                "",
		`["a", "b", "c"]`:   "",
		`["a","b","c","d"]`: "more than 3 elements",
		`["a", 1]`:          "cannot unmarshal number",
		`["a", "refused"]`:  "refused",
		`["a"`:              "EOF",
		`{"a": "b"}`:        "expected a JSON array, found {",
		`"a"`:               "expected a JSON array, found a",
	} {
		var taken []string
		err := bounded.Elements([]byte(array), 3, func(s string) error {
			if s == "refused" {
				return errors.New(s)
			}
			taken = append(taken, s)
			return nil
		})
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", array, err, want)
		}
		if strings.HasPrefix(array, `["a", "b"`) && !slices.Equal(taken, []string{"a", "b", "c"}) {
			t.Errorf("%s: took %q", array, taken)
		}
	}
}

func TestElementsEndsAtTheFirstThatIsRefused(t *testing.T) {
	refused := errors.New("empty")
	taken := 0
	err := bounded.Elements([]byte("["+strings.Repeat("{},", 1000)+"{}]"), 1<<20, func(struct{ Name string }) error {
		taken++
		return refused
	})
	if !errors.Is(err, refused) || taken != 1 {
		t.Errorf("took %d, %v", taken, err)
	}
}
