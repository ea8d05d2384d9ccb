package images

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Gap is a subject that could not be read, so that the inventory may lack images.
type Gap struct {
	Source  string `json:"source"`
	Subject string `json:"subject"`
	Error   string `json:"error"`
	Cause   string `json:"cause,omitempty"`  // common cause of several gaps, such as an unreachable Seed
	Effect  string `json:"effect,omitempty"` // effect on the list, if known
}

// String returns the gap as one line.
func (g Gap) String() string {
	s := g.Source + ": " + g.Subject + ": " + g.Error
	if g.Effect != "" {
		s += "; " + g.Effect
	}
	return s
}

// newGap returns the gap for an error. An error with a method Cause() string has a common cause with
// other errors.
func newGap(source, subject string, err error) Gap {
	gap := Gap{Source: source, Subject: subject, Error: err.Error()}
	var common interface{ Cause() string }
	if errors.As(err, &common) {
		gap.Cause = common.Cause()
	}
	return gap
}

// Causes returns the gaps in groups with a common cause, in the order of the first gap of each
// group. A gap without a cause is a group of its own.
func Causes(gaps []Gap) [][]Gap {
	var groups [][]Gap
	at := map[string]int{}
	for _, gap := range gaps {
		i, known := at[gap.Cause]
		if !known || gap.Cause == "" {
			i = len(groups)
			at[gap.Cause] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], gap)
	}
	return groups
}

// OneCause returns one line for gaps with a common cause: the cause, the effects and the subjects.
func OneCause(gaps []Gap) string {
	if len(gaps) == 1 {
		return gaps[0].String()
	}
	var effects, sources []string
	subjects := map[string][]string{}
	for _, gap := range gaps {
		if gap.Effect != "" && !slices.Contains(effects, gap.Effect) {
			effects = append(effects, gap.Effect)
		}
		if !slices.Contains(sources, gap.Source) {
			sources = append(sources, gap.Source)
		}
		if gap.Effect == "" || !strings.HasPrefix(gap.Cause, gap.Subject) {
			subjects[gap.Source] = append(subjects[gap.Source], gap.Subject)
		}
	}
	parts := append([]string{gaps[0].Cause}, effects...)
	for _, source := range sources {
		if of := subjects[source]; len(of) > 0 {
			parts = append(parts, source+": "+some(of))
		}
	}
	return strings.Join(parts, "; ")
}

// some returns the first names of a list, and the number of the others.
func some(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
}
