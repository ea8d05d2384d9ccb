package admission

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// fixed is an installation with two Seeds, and a cluster in one datacenter of the first.
type fixed struct{ unreachable bool }

func (f fixed) Seeds(context.Context) ([]Seed, error) {
	var seeds []Seed
	err := json.Unmarshal([]byte(`[
		{"metadata": {"name": "one"}, "spec": {"datacenters": {"used": {"spec": {"aws": {}}}, "free": {"spec": {"bringyourown": {}}}}}},
		{"metadata": {"name": "two"}, "spec": {"datacenters": {"far": {"spec": {"gcp": {}, "requiredEmails": ["example.com"]}}}}}]`), &seeds)
	return seeds, err
}

func (f fixed) Clusters(_ context.Context, seed Seed) ([]Cluster, error) {
	if f.unreachable {
		return nil, errors.New("connection refused")
	}
	if seed.Metadata.Name != "one" {
		return nil, nil
	}
	var clusters []Cluster
	err := json.Unmarshal([]byte(`[{"metadata": {"name": "shop"}, "spec": {"cloud": {"dc": "used"}}}]`), &clusters)
	return clusters, err
}

func TestSeed(t *testing.T) {
	for _, test := range []struct {
		name, seed, datacenters string
		want                    []string
	}{
		{"as it is", "one", `{"used": {"spec": {"aws": {}}}, "free": {"spec": {"bringyourown": {}}}}`, nil},
		{"settings for nodes", "one", `{"used": {"spec": {"aws": {"region": "a"}}, "node": {"httpProxy": "http://proxy"}}}`, nil},
		{"a new Seed", "three", `{"near": {"spec": {"hetzner": {}}}}`, nil},
		{"a new Seed without a provider", "three", `{"near": {"spec": {"requiredEmails": ["example.com"]}}}`, []string{"spec.datacenters[near].spec: no provider defined"}},
		{"two providers", "one", `{"used": {"spec": {"aws": {}, "azure": {}}}}`, []string{"spec.datacenters[used].spec: multiple cloud providers"}},
		{"another provider", "one", `{"used": {"spec": {"azure": {}}}}`, []string{`spec.datacenters[used].spec: provider from "aws" to "azure"`}},
		{"a name that is taken", "one", `{"used": {"spec": {"aws": {}}}, "far": {"spec": {"gcp": {}}}}`, []string{`spec.datacenters[far]: Seed "two" has it`}},
		{"a datacenter in use is removed", "one", `{}`, []string{`spec.datacenters[used]: still in use by cluster "shop"`}},
		{"one that is not in use is removed", "two", `{}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			seed := newSeed(t, test.seed, test.datacenters)
			got, err := seed.Validate(t.Context(), fixed{})
			if err != nil {
				t.Fatal(err)
			}
			check(t, got, test.want)
		})
	}
}

func TestDeletedSeed(t *testing.T) {
	all := `{"used": {"spec": {"aws": {}}}}`
	for name, want := range map[string][]string{"one": {`spec.datacenters[used]: still in use by cluster "shop"`}, "two": nil} {
		got, err := newSeed(t, name, all).ValidateDelete(t.Context(), fixed{})
		if err != nil {
			t.Fatal(err)
		}
		check(t, got, want)
	}
}

// As in KKP, a Seed cannot be changed while its cluster is down.
func TestUnreachableSeed(t *testing.T) {
	_, err := newSeed(t, "one", `{"used": {"spec": {"aws": {}}}}`).Validate(t.Context(), fixed{unreachable: true})
	if err == nil || !strings.Contains(err.Error(), `clusters of Seed "one": connection refused`) {
		t.Errorf("error: %v", err)
	}
}

func newSeed(t *testing.T, name, datacenters string) Seed {
	t.Helper()
	seed := Seed{}
	if err := json.Unmarshal([]byte(`{"metadata": {"name": "`+name+`"}, "spec": {"datacenters": `+datacenters+`}}`), &seed); err != nil {
		t.Fatal(err)
	}

	return seed
}
