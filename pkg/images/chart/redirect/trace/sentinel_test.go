package trace

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadSentinels(t *testing.T) {
	r := newReader([]Hole{{Text: "quay.io", End: 7}, {Text: "a/b", End: 3}, {}, {Text: "{{ .x }}/a/b:1", End: 14}})
	for text, want := range map[string]struct {
		plain string
		spans []Span
	}{
		"kkpm0000oquay.io/kkpm0001oa/b:v1":           {"quay.io/a/b:v1", []Span{{0, 0, 7}, {1, 8, 11}}},
		"kkpm0002e.test/kkpm0001oa/b:v1":             {"/a/b:v1", []Span{{2, 0, 0}, {1, 1, 4}}},
		"kkpm0003okkpm0000oquay.io/a/b:1kkpm0003c@x": {"quay.io/a/b:1@x", []Span{{3, 0, 13}, {0, 0, 7}}},
		"kkpm0000oQUAY.io/a":                         {"QUAY.io/a", nil},               // not as it is written
		"kkpm0001oa/b/kkpm0001oa/b":                  {"a/b/a/b", nil},                 // twice
		"kkpm0009oquay.io kkpm0003ox kkpm0000c":      {"quay.io x ", nil},              // of nobody, and without an end
		"kkpm00oquay.io/kkpm0001":                    {"kkpm00oquay.io/kkpm0001", nil}, // none
		strings.Repeat("kkpm0002e.test", 2) + "/a/b": {"/a/b", nil},                    //
		"pre-kkpm0001oa/b":                           {"pre-a/b", []Span{{1, 4, 7}}},   //
	} {
		plain, spans := r.read(text)
		if len(spans) == 0 {
			spans = nil
		}
		if diff := cmp.Diff(want.spans, spans); diff != "" || plain != want.plain {
			t.Errorf("%s: %s %s", text, plain, diff)
		}
	}
}

// FuzzReadSentinels reads any text: spans are in the reference, and hold what they say.
func FuzzReadSentinels(f *testing.F) {
	f.Add("kkpm0000oquay.io/kkpm0001oa/b:v1", "quay.io", "a/b")
	f.Add("kkpm0001okkpm0000oxkkpm0001c", "", "{{ x }}")
	f.Add("kkpm0000ckkpm0000o", "{{", "kkpm0000o")
	f.Fuzz(func(t *testing.T, text, first, second string) {
		holes := []Hole{{Text: first, End: len(first)}, {Text: second, End: len(second)}}
		plain, spans := newReader(holes).read(text)
		for _, s := range spans {
			if s.Start < 0 || s.Start > s.End || s.End > len(plain) {
				t.Fatalf("%q: %+v in %q", text, s, plain)
			}
			if part := holes[s.Hole].Part(); !strings.Contains(part, "{{") && plain[s.Start:s.End] != part {
				t.Fatalf("%q: %q is not %q", text, plain[s.Start:s.End], part)
			}
		}
		if filled := substitute(plain, spans, Assignment{}); filled != plain {
			t.Fatalf("%q became %q", plain, filled)
		}
		substitute(plain, spans, Assignment{0: "x", 1: "y"})
	})
}
