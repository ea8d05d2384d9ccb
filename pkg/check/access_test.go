package check_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// told are findings, one in each line, with their reasons.
func told(t *testing.T, findings []check.Finding) []string {
	t.Helper()
	valid(t, findings...)
	var lines []string
	for _, f := range findings {
		lines = append(lines, strings.Join([]string{string(f.Status), f.ID, f.Subject, f.Reason}, " | "))
	}
	return lines
}

// changed compares the findings of two installations: lines that begin with - are only in the first.
func changed(before, after []string) []string {
	var lines []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			lines = append(lines, "-"+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			lines = append(lines, "+"+line)
		}
	}
	return lines
}

func expect(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if !slices.EqualFunc(got, want, func(line, start string) bool { return strings.HasPrefix(line, start) }) {
		t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAccess takes one thing after the other away from an installation in which everything can be read.
func TestAccess(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	whole := func() []kkp.Access {
		return []kkp.Access{
			{Cluster: "master", Validity: []kkp.Validity{{Part: "client certificate", End: now.AddDate(1, 0, 0)}}},
			{Cluster: "Seed a"},
			{Cluster: "user cluster c1 on Seed a", Seed: "a"},
			{Cluster: "user cluster c2 on Seed a", Seed: "a"},
		}
	}
	before := told(t, check.Access(whole(), now))
	expect(t, "whole", before, "ok | access.rights | master | ", "ok | access.rights | Seed a | ", "ok | access.rights | user clusters on Seed a | 2 answer", "ok | access.validity | kubeconfigs | ")

	ending := whole()
	for _, i := range []int{0, 1, 3} {
		ending[i].Validity = []kkp.Validity{{Part: "token", End: now.AddDate(0, 0, 7)}}
	}
	expect(t, "what ends is last, as it has one remedy", told(t, check.Access(ending, now)), "ok | access.rights | master | ", "ok | access.rights | Seed a | ",
		"ok | access.rights | user clusters on Seed a | 2 answer", "warning | access.validity | master | ", "warning | access.validity | Seed a | ", "warning | access.validity | user cluster c2 on Seed a | ")

	pods := kkp.Right{Verb: "list", Resource: "pods"}
	for name, c := range map[string]struct {
		change func([]kkp.Access)
		want   []string
	}{
		"a right on the master": {
			func(all []kkp.Access) {
				all[0].Missing = []kkp.Right{{Verb: "get", Resource: "secrets", Namespace: "kkp", Name: "dockercfg"}}
			},
			[]string{"-ok | access.rights | master | ", "+unknown | access.rights | master: get secrets kkp/dockercfg | the user may not get secrets kkp/dockercfg"},
		},
		"a right on a Seed": {
			func(all []kkp.Access) { all[1].Missing = []kkp.Right{pods} },
			[]string{"-ok | access.rights | Seed a | ", "+unknown | access.rights | Seed a: list pods in all namespaces | the user may not list pods in all namespaces"},
		},
		"a right in a user cluster": {
			func(all []kkp.Access) { all[2].Missing = []kkp.Right{pods} },
			[]string{
				"-ok | access.rights | user clusters on Seed a | 2 ", "+unknown | access.rights | user cluster c1 on Seed a: list pods in all namespaces | ",
				"+ok | access.rights | user clusters on Seed a | 1 answer",
			},
		},
		"no answer about rights": {
			func(all []kkp.Access) { all[1].Unknown = errors.New("forbidden") },
			[]string{"-ok | access.rights | Seed a | ", "+unknown | access.rights | Seed a | the API server did not say which rights the user has: forbidden"},
		},
		"a Seed that does not answer": {
			func(all []kkp.Access) {
				all[1].Err = &kkp.UnreachableError{Cluster: "Seed a", Err: errors.New("no route")}
			},
			[]string{"-ok | access.rights | Seed a | ", "+unknown | access.reachable | Seed a | Seed a cannot be read: no route"},
		},
		"user clusters that do not answer": {
			func(all []kkp.Access) { all[2].Err, all[3].Err = errors.New("down"), errors.New("down") },
			[]string{"-ok | access.rights | user clusters on Seed a | 2 ", "+unknown | access.reachable | user cluster c1 on Seed a, user cluster c2 on Seed a | down"},
		},
		"a kubeconfig that ends soon": {
			func(all []kkp.Access) {
				all[0].Validity[0].End = now.AddDate(0, 0, 10)
				all[0].Validity = append(all[0].Validity, kkp.Validity{Part: "CA certificate", End: now.AddDate(0, 0, 20)})
			},
			[]string{"-ok | access.validity | kubeconfigs | ", "+warning | access.validity | master | the client certificate of its kubeconfig ends on 2026-11-11"},
		},
		"a kubeconfig that has ended": {
			func(all []kkp.Access) { all[3].Validity = []kkp.Validity{{Part: "token", End: now.Add(-time.Hour)}} },
			[]string{"-ok | access.validity | kubeconfigs | ", "+not ready | access.validity | user cluster c2 on Seed a | the token of its kubeconfig has ended on 2026-11-01"},
		},
	} {
		all := whole()
		c.change(all)
		expect(t, name, changed(before, told(t, check.Access(all, now))), c.want...)
	}
}
