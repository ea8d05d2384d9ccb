package kkp_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// clusterRole is a ClusterRole of docs/check.md.
type clusterRole struct {
	Metadata struct{ Name string }
	Rules    []struct {
		APIGroups, Resources, ResourceNames, Verbs []string
	}
}

// documentedRoles are the ClusterRoles in docs/check.md, by name.
func documentedRoles(t *testing.T) map[string]clusterRole {
	t.Helper()
	text, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]clusterRole{}
	for i, block := range strings.Split(string(text), "```") {
		body, isYAML := strings.CutPrefix(block, "yaml\n")
		var role clusterRole
		if i%2 == 0 || !isYAML || !strings.Contains(body, "kind: ClusterRole\n") {
			continue
		}
		if err := yaml.UnmarshalStrict([]byte(strings.ReplaceAll(strings.ReplaceAll(body, "apiVersion: rbac.authorization.k8s.io/v1\n", ""), "kind: ClusterRole\n", "")), &role); err != nil {
			t.Fatal(err)
		}
		roles[role.Metadata.Name] = role
	}
	return roles
}

// TestDocumentedRoles compares the ClusterRoles in docs/check.md with the rights that checks ask for.
func TestDocumentedRoles(t *testing.T) {
	inst := kkp.Installation{Configuration: kkp.Configuration{Namespace: "kkp"}, Seeds: []kkp.Seed{{Namespace: "kkp", Name: "a", Kubeconfig: kkp.SecretKey{Namespace: "kkp", Name: "a"}}}}
	inst.Configuration.Spec.FeatureGates = map[string]bool{kkp.ExternalCatalog: true}
	roles := documentedRoles(t)
	for name, rights := range map[string][]kkp.Right{
		"kkp-mirror-check-master": kkp.MasterRights(inst, ""), "kkp-mirror-check-seed": kkp.SeedRights(inst.Seeds[0], true), "kkp-mirror-check-user-cluster": kkp.UserClusterRights(true),
	} {
		needed := map[string]bool{}
		for _, right := range rights {
			needed[fmt.Sprintf("%s %s %s", right.Verb, right.Resource, right.Group)] = true
		}
		if !slices.ContainsFunc(rights, func(r kkp.Right) bool { return r.Verb != "get" && r.Verb != "list" }) {
			needed["only get and list"] = true
		}
		if name == "kkp-mirror-check-user-cluster" {
			needed["get secrets by name"] = true // for FindNodeLogins
		}
		given := map[string]bool{"only get and list": true}
		for _, rule := range roles[name].Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						right := fmt.Sprintf("%s %s %s", verb, resource, group)
						if len(rule.ResourceNames) > 0 {
							right += "by name"
						}
						given[right] = true
					}
				}
			}
		}
		for right := range needed {
			if !given[right] {
				t.Errorf("docs/check.md: %s lacks: %s", name, right)
			}
		}
		for right := range given {
			if !needed[right] {
				t.Errorf("docs/check.md: nothing needs of %s: %s", name, right)
			}
		}
	}
}
