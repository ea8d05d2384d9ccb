package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"reflect"
	"slices"
	"strings"
)

// The kinds of objects that patch commands can change: in every cluster, and beyond that on the master and on Seeds.
const (
	kinds     = "machinedeployments.cluster.k8s.io,operatingsystemprofiles.operatingsystemmanager.k8c.io,deployments.apps,cronjobs.batch,configmaps,secrets"
	seedKinds = kinds + ",kubermaticconfigurations.kubermatic.k8c.io,seeds.kubermatic.k8c.io,clusters.kubermatic.k8c.io," +
		"applicationdefinitions.apps.kubermatic.k8c.io,customoperatingsystemprofiles.operatingsystemmanager.k8c.io"
)

// State is a copy of the sandbox's objects, by kubeconfig and then by kind, namespace and
// name. It includes the field managers.
type State map[string]map[string]object

type object map[string]any

// Save returns the current objects.
func (s *Sandbox) Save(ctx context.Context) (State, error) {
	state := State{}
	for of, kubeconfigs := range map[string]map[string]string{seedKinds: s.Seeds, kinds: s.Clusters} {
		for _, kubeconfig := range kubeconfigs {
			objects, err := list(ctx, kubeconfig, of)
			if err != nil {
				return nil, err
			}
			state[kubeconfig] = objects
		}
	}
	return state, nil
}

// list returns the objects of some kinds, without what is new whenever an object is written.
func list(ctx context.Context, kubeconfig, kinds string) (map[string]object, error) {
	output, err := kubectl(ctx, kubeconfig, nil, "get", kinds, "--all-namespaces", "--show-managed-fields", "-o", "json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []object `json:"items"`
	}
	if err := json.Unmarshal(output, &list); err != nil {
		return nil, err
	}
	objects := map[string]object{}
	for _, o := range list.Items {
		for _, field := range []string{"resourceVersion", "generation", "uid", "creationTimestamp"} {
			delete(o.metadata(), field)
		}
		o.dropStatus()
		objects[o.name()] = o
	}
	return objects, nil
}

// Restore restores the objects: it deletes new objects, creates deleted ones, and replaces
// changed ones.
func (s *Sandbox) Restore(ctx context.Context, to State) error {
	now, err := s.Save(ctx)
	if err != nil {
		return err
	}
	for kubeconfig, objects := range to {
		if err := restore(ctx, kubeconfig, now[kubeconfig], objects); err != nil {
			return fmt.Errorf("restoring the sandbox: %w", err)
		}
	}
	return nil
}

func restore(ctx context.Context, kubeconfig string, from, to map[string]object) error {
	var added, gone, changed []object
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, ok := to[name]; !ok {
			added = append(added, from[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		switch is, ok := from[name]; {
		case !ok:
			gone = append(gone, to[name])
		case !reflect.DeepEqual(is, to[name]):
			changed = append(changed, to[name])
		}
	}
	back := append(slices.Clone(gone), changed...)
	for _, step := range []struct {
		verb    string
		objects []object
	}{
		{"delete", added},
		{"create", gone},
		{"replace", changed},
		// The first replacement sets the field manager of the fields that it changes. The
		// second one changes nothing else, and the server then accepts the given field
		// managers.
		{"replace", back},
	} {
		if len(step.objects) == 0 {
			continue
		}
		list, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": step.objects})
		if err != nil {
			return err
		}
		if _, err := kubectl(ctx, kubeconfig, list, step.verb, "-f", "-"); err != nil {
			return err
		}
	}
	return nil
}

func (o object) metadata() map[string]any {
	metadata, _ := o["metadata"].(map[string]any)
	return metadata
}

// dropStatus removes the status of a Deployment, which controllers set where a node runs, and nobody else can.
func (o object) dropStatus() {
	if o["kind"] != "Deployment" {
		return
	}
	delete(o, "status")
	fields, _ := o.metadata()["managedFields"].([]any)
	o.metadata()["managedFields"] = slices.DeleteFunc(fields, func(field any) bool {
		manager, _ := field.(map[string]any)
		return manager["subresource"] == "status"
	})
}

func (o object) name() string {
	return fmt.Sprintf("%v %v/%v", o["kind"], o.metadata()["namespace"], o.metadata()["name"])
}

// kubectl runs kubectl, which must be in PATH, and returns what it prints.
func kubectl(ctx context.Context, kubeconfig string, input []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "kubectl", append(args, "--kubeconfig", kubeconfig)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return output, nil
}
