package trace

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxHoles bounds the number of holes: a sentinel has four digits.
const maxHoles = 10000

// Sentinels are valid in every part of a reference: kkpm0017o is put before a value, kkpm0017c
// after a value that is a template, and kkpm0017e.test replaces an empty value.
func sentinel(id int, kind string) string { return fmt.Sprintf("kkpm%04d%s", id, kind) }

// marked returns the text of a hole with sentinels.
func marked(id int, h Hole) string {
	switch {
	case h.Part() == "":
		return sentinel(id, "e.test")
	case h.isTemplate():
		return sentinel(id, "o") + h.Part() + sentinel(id, "c")
	default:
		return sentinel(id, "o") + h.Part()
	}
}

// Span is the part of a reference that comes from a hole.
type Span struct {
	Hole, Start, End int
}

// reader finds sentinels in references.
type reader struct {
	pattern *regexp.Regexp
	holes   []Hole
}

func newReader(holes []Hole) reader {
	return reader{pattern: regexp.MustCompile(`kkpm(\d{4})(o|c|e\.test)`), holes: holes}
}

// read returns a reference without its sentinels, and the spans that they mark. A value that a
// template has changed has no span.
func (r reader) read(text string) (plain string, spans []Span) {
	var kept strings.Builder
	last := 0
	for _, at := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
		kept.WriteString(text[last:at[0]])
		last = at[1]
		id, err := strconv.Atoi(text[at[2]:at[3]])
		if err != nil || id >= len(r.holes) {
			continue
		}
		if text[at[4]:at[5]] != "c" {
			spans = append(spans, Span{id, kept.Len(), -1})
			continue
		}
		for i := range slices.Backward(spans) {
			if spans[i].Hole == id && spans[i].End < 0 && r.holes[id].isTemplate() {
				spans[i].End = kept.Len()
				break
			}
		}
	}
	kept.WriteString(text[last:])
	plain = kept.String()
	for i, s := range spans {
		if h := r.holes[s.Hole]; !h.isTemplate() && strings.HasPrefix(plain[s.Start:], h.Part()) {
			spans[i].End = s.Start + len(h.Part())
		}
	}
	return plain, once(spans)
}

// once removes spans without an end, and spans of a value that appears twice.
func once(spans []Span) []Span {
	count := map[int]int{}
	for _, s := range spans {
		count[s.Hole]++
	}
	return slices.DeleteFunc(spans, func(s Span) bool { return s.End < 0 || count[s.Hole] > 1 })
}
