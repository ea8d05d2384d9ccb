package installed

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
)

// Stack is the values for the charts that kubermatic-installer installs with one file of values
// (kubermatic pkg/install/stack, v2.31.0).
type Stack struct {
	Name      string         // "kubermatic" for kubermatic-master and kubermatic-seed, "seed-mla" or "usercluster-mla"
	Values    map[string]any // the user's values, overridden by the values of all charts
	Conflicts []string       // keys for which two charts need different values, such as "minio.image.repository"

	own map[string]any // Values without the user's values
}

// Stacks merges the values of charts that are not installed yet, in the order of the names of the
// stacks.
func Stacks(planned []Redirected) []Stack {
	stacks := map[string]Stack{}
	for _, r := range planned {
		s, ok := stacks[stackOf(r.Namespace)]
		if !ok {
			s = Stack{Name: stackOf(r.Namespace), Values: chart.Merge(nil, r.Config)}
		}
		s.Conflicts = append(s.Conflicts, conflicts(nil, s.own, r.Values)...)
		s.own = chart.Merge(s.own, r.Values)
		s.Values = chart.Merge(s.Values, r.Values)
		stacks[s.Name] = s
	}
	var sorted []Stack
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		sorted = append(sorted, stacks[name])
	}
	return sorted
}

// stackOf returns the stack that installs the charts of a namespace.
func stackOf(namespace string) string {
	switch namespace {
	case "monitoring", "logging":
		return "seed-mla"
	case "mla":
		return "usercluster-mla"
	}
	return "kubermatic"
}

// conflicts returns the keys below a path that have different values in both maps.
func conflicts(path []string, a, b map[string]any) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(b)) {
		other, ok := a[key]
		if !ok || reflect.DeepEqual(other, b[key]) {
			continue
		}
		at := append(slices.Clone(path), key)
		one, isTable := other.(map[string]any)
		two, wasTable := b[key].(map[string]any)
		if isTable && wasTable {
			found = append(found, conflicts(at, one, two)...)
			continue
		}
		found = append(found, strings.Join(at, "."))
	}
	return found
}
