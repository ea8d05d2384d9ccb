package e2e

import (
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
)

// checkPatching looks at what whoever changes an installation depends on.
func checkPatching(t *testing.T, line ready.Line) {
	master := config(t, line.Kubeconfig)
	checkManagers(t, master)
	checkRules(t, line)
	checkMachines(t, line)
	checkSchema(t, config(t, line.Users["restricted"]))
}

// checkManagers wants a few fields to be a GitOps controller's, and others not.
func checkManagers(t *testing.T, master *rest.Config) {
	objects := dynamic.NewForConfigOrDie(master)
	for _, test := range []struct{ resource, name, body, conflict string }{
		{"seeds", "frankfurt", `{"datacenters": {"aws-eu-central-1a": {"node": {"httpProxy": "other"}}}}`, `"argocd-controller"`},
		{"seeds", "frankfurt", `{"datacenters": {"frankfurt-openstack": {"node": {"httpProxy": "other"}}}}`, ""},
		{"seeds", "frankfurt", `{"datacenters": {"aws-eu-west-1a": {"node": {"httpProxy": "other"}}}}`, `"kubermatic-installer"`},
		{"kubermaticconfigurations", "kubermatic", `{"verticalPodAutoscaler": {"recommender": {"dockerRepository": "other"}}}`, `"argocd-controller"`},
		{"kubermaticconfigurations", "kubermatic", `{"api": {"dockerRepository": "other"}}`, ""},
	} {
		kind := map[string]string{"seeds": "Seed", "kubermaticconfigurations": "KubermaticConfiguration"}[test.resource]
		body := `{"apiVersion": "kubermatic.k8c.io/v1", "kind": "` + kind + `", "metadata": {"name": "` + test.name + `"}, "spec": ` + test.body + `}`
		_, err := objects.Resource(kkp(test.resource)).Namespace("kubermatic").Patch(t.Context(), test.name, types.ApplyPatchType, []byte(body),
			metav1.PatchOptions{FieldManager: "somebody", DryRun: []string{metav1.DryRunAll}})
		switch {
		case test.conflict == "" && err != nil:
			t.Errorf("applying %s: %v", test.body, err)
		case test.conflict != "" && (!apierrors.IsConflict(err) || !strings.Contains(err.Error(), test.conflict)):
			t.Errorf("applying %s: %v, want a conflict with %s", test.body, err, test.conflict)
		}
	}
}

// checkRules wants KKP's rules to hold on every API server, and with dry runs, too.
func checkRules(t *testing.T, line ready.Line) {
	for _, test := range []struct{ on, resource, name, patch, want string }{
		{"hamburg", "kubermaticconfigurations", "kubermatic", `{"ui": {"dockerRepository": "a:1"}}`, "spec.ui.dockerRepository"},
		{"frankfurt", "kubermaticconfigurations", "kubermatic", `{"mirrorImages": ["a"]}`, "spec.mirrorImages[0]"},
		{"hamburg", "seeds", "frankfurt", `{"datacenters": {"hamburg-byo": {"spec": {"bringyourown": {}}}}}`, "globally unique"},
		{"hamburg", "seeds", "frankfurt", `{"datacenters": {"aws-eu-central-1a": null}}`, "still in use by cluster"},
		{"hamburg", "seeds", "frankfurt", `{"datacenters": {"aws-eu-central-1a": {"spec": {"aws": null}}}}`, "no provider"},
		{"frankfurt", "seeds", "frankfurt", `{"datacenters": {"aws-eu-central-1a": null}}`, "still in use by cluster"},
		{"hamburg", "seeds", "hamburg", `{"kubeconfig": {"name": "kubeconfig-nowhere"}}`, `"kubeconfig-nowhere" not found`},
		{"hamburg", "seeds", "frankfurt", `{"datacenters": {"aws-eu-west-1a": null}}`, ""},
	} {
		client := dynamic.NewForConfigOrDie(config(t, line.Seeds[test.on])).Resource(kkp(test.resource)).Namespace("kubermatic")
		_, err := client.Patch(t.Context(), test.name, types.MergePatchType, []byte(`{"spec": `+test.patch+`}`), metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s on %s: %v", test.patch, test.on, err)
		case test.want != "" && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s on %s: %v, want %s", test.patch, test.on, err, test.want)
		}
	}
}

// checkMachines follows a user cluster's own Secret to its machines.
func checkMachines(t *testing.T, line ready.Line) {
	machines := schema.GroupVersionResource{Group: "cluster.k8s.io", Version: "v1alpha1", Resource: "machinedeployments"}
	for _, seed := range line.Seeds {
		list, err := dynamic.NewForConfigOrDie(config(t, seed)).Resource(machines).Namespace("kube-system").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, item := range list.Items {
			names = append(names, item.GetName())
		}
		if !slices.Equal(names, []string{"workers-a", "workers-b"}) {
			t.Errorf("MachineDeployments %v", names)
		}
	}
}

// checkSchema wants a user with few rights to see which fields there are.
func checkSchema(t *testing.T, restricted *rest.Config) {
	schema := openAPI(t, restricted)
	for _, field := range []string{"overwriteRegistry", "containerdRegistryMirrors"} {
		if !strings.Contains(schema, `"`+field+`"`) {
			t.Errorf("the schema has no field %s", field)
		}
	}
}

// checkGeneration wants a release's version, and not the fields that it does not know.
func checkGeneration(t *testing.T, line ready.Line, release string, unknown ...string) {
	t.Helper()
	master := config(t, line.Kubeconfig)
	configuration, err := dynamic.NewForConfigOrDie(master).Resource(kkp("kubermaticconfigurations")).Namespace("kubermatic").Get(t.Context(), "kubermatic", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := field(configuration, "status", "kubermaticVersion"); got != release || line.Version != release {
		t.Errorf("KKP %s, the line says %s, want %s", got, line.Version, release)
	}
	for _, name := range unknown {
		if strings.Contains(openAPI(t, master), `"`+name+`"`) {
			t.Errorf("there is a field %s", name)
		}
	}
	checkMachines(t, line)
	checkRules(t, line)
}

// checkReleased wants KKP's own definitions, which say what their fields are for.
func checkReleased(t *testing.T, line ready.Line, release string) {
	t.Helper()
	checkGeneration(t, line, release)
	if !strings.Contains(openAPI(t, config(t, line.Kubeconfig)), "--pod-infra-container-image on the kubelet") {
		t.Error("the definitions are not KKP's")
	}
}

// openAPI returns what an API server tells about KKP's objects.
func openAPI(t *testing.T, config *rest.Config) string {
	t.Helper()
	paths, err := kubernetes.NewForConfigOrDie(config).Discovery().OpenAPIV3().Paths()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := paths["apis/kubermatic.k8c.io/v1"].Schema("application/json")
	if err != nil {
		t.Fatal(err)
	}

	return string(schema)
}
