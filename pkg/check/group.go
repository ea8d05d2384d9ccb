package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// group is the subjects that have the same cause.
type group struct {
	cause    string
	subjects []string
}

// groups are in the order of their first subjects.
type groups []group

// add adds a subject once.
func (g *groups) add(cause, subject string) {
	i := slices.IndexFunc(*g, func(one group) bool { return one.cause == cause })
	if i < 0 {
		i = len(*g)
		*g = append(*g, group{cause: cause})
	}
	if !slices.Contains((*g)[i].subjects, subject) {
		(*g)[i].subjects = append((*g)[i].subjects, subject)
	}
}

// unreadRemedy is the remedy for what could not be read in a cluster.
const unreadRemedy = "make the cluster reachable, and give the user of its kubeconfig the rights that the checks need (section access)"

// unreadParts are the subjects of some parts that could not be read, by cause.
func unreadParts(all []kkp.Unread, parts ...kkp.Part) groups {
	var unknown groups
	for _, u := range all {
		if slices.Contains(parts, u.Part) {
			unknown.add(causeOf(u.Err), u.Subject)
		}
	}
	return unknown
}

// subject names a group by its first subject.
func (g group) subject() string {
	if len(g.subjects) == 1 {
		return g.subjects[0]
	}
	return fmt.Sprintf("%s and %d more", g.subjects[0], len(g.subjects)-1)
}

// plural writes a number with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// cause returns the cause of gaps in one line, without their source.
func cause(gaps []images.Gap) string {
	return strings.TrimPrefix(images.OneCause(gaps), gaps[0].Source+": ")
}
