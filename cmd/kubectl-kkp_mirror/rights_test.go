package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// withoutRights takes each right of a ClusterRole away alone: withoutrights ROLE KUBECONFIG USER WANT
// COMMAND [ARG...]. KUBECONFIG is of an administrator, USER of a user who has the role. COMMAND prints a
// CheckReport. WANT has a block for each right: "VERB RESOURCE", then "- ok ID SUBJECT" for each finding that
// is ok only with the right, and "+ unknown ID SUBJECT" for each that is unknown only without, or "fails".
func withoutRights(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 {
		ts.Fatalf("usage: withoutrights ROLE KUBECONFIG USER WANT COMMAND [ARG...]")
	}
	var role rbacv1.ClusterRole
	ts.Check(yaml.UnmarshalStrict([]byte(ts.ReadFile(args[0])), &role))
	before := known(ts, args[4:])
	got := map[string]string{}
	for i, rule := range role.Rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				name := strings.TrimSuffix(resource+"."+rule.APIGroups[0], ".")
				less := role.DeepCopy()
				less.Rules = append(slices.Delete(less.Rules, i, i+1), without(rule, resource, verb)...)
				applyRole(ts, less, args[1])
				awaitRefusal(ts, verb, object(name, rule), args[2])
				got[verb+" "+name] = difference(before, known(ts, args[4:]))
			}
		}
	}
	applyRole(ts, &role, args[1])
	want := map[string]string{}
	for block := range strings.SplitSeq(strings.TrimSpace(ts.ReadFile(args[3])), "\n\n") {
		right, lines, _ := strings.Cut(block, "\n")
		want[right] = lines
	}
	if diff := cmp.Diff(want, got); diff != "" {
		for _, right := range slices.Sorted(maps.Keys(got)) {
			ts.Logf("%s\n%s\n\n", right, got[right])
		}
		ts.Fatalf("the findings without rights of %s are (-want +got):\n%s", role.Name, diff)
	}
}

// without returns a rule as two rules without one right.
func without(rule rbacv1.PolicyRule, resource, verb string) []rbacv1.PolicyRule {
	others, same := *rule.DeepCopy(), *rule.DeepCopy()
	others.Resources = slices.DeleteFunc(others.Resources, func(r string) bool { return r == resource })
	same.Resources, same.Verbs = []string{resource}, slices.DeleteFunc(same.Verbs, func(v string) bool { return v == verb })
	return slices.DeleteFunc([]rbacv1.PolicyRule{others, same}, func(r rbacv1.PolicyRule) bool { return len(r.Resources) == 0 || len(r.Verbs) == 0 })
}

// object is an object of a rule, for kubectl: the resource, with a name if the rule has names.
func object(resource string, rule rbacv1.PolicyRule) string {
	if len(rule.ResourceNames) == 0 {
		return resource
	}
	return resource + "/" + rule.ResourceNames[0]
}

func applyRole(ts *testscript.TestScript, role *rbacv1.ClusterRole, kubeconfig string) {
	text, err := yaml.Marshal(role)
	ts.Check(err)
	file := ts.MkAbs("role.yaml")
	ts.Check(os.WriteFile(file, text, 0o600))
	ts.Check(ts.Exec("kubectl", "apply", "--kubeconfig", kubeconfig, "-f", file))
}

// awaitRefusal waits until the API server knows that a user does not have a right any more.
func awaitRefusal(ts *testscript.TestScript, verb, object, kubeconfig string) {
	for range 50 {
		if ts.Exec("kubectl", "auth", "can-i", verb, object, "--all-namespaces", "--kubeconfig", kubeconfig) != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("the user of %s may still %s %s", kubeconfig, verb, object)
}

// known runs a check, and returns its findings that are ok or unknown; nil if the check fails.
func known(ts *testscript.TestScript, args []string) map[string]bool {
	switch err := ts.Exec(args[0], args[1:]...); {
	case err != nil && strings.HasSuffix(err.Error(), "status 1"):
		return nil
	case err != nil && !strings.HasSuffix(err.Error(), "status 3"):
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	lines := map[string]bool{}
	for _, f := range findingsIn(ts, ts.ReadFile("stdout")) {
		if f.Status == check.StatusOK || f.Status == check.StatusUnknown {
			lines[fmt.Sprintf("%s %s %s", f.Status, f.ID, f.Subject)] = true
		}
	}
	return lines
}

// difference has a line for each finding that is ok only before, or unknown only after.
func difference(before, after map[string]bool) string {
	if after == nil {
		return "fails"
	}
	var lines []string
	for line := range before {
		if strings.HasPrefix(line, string(check.StatusOK)) && !after[line] {
			lines = append(lines, "- "+line)
		}
	}
	for line := range after {
		if strings.HasPrefix(line, string(check.StatusUnknown)) && !before[line] {
			lines = append(lines, "+ "+line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
