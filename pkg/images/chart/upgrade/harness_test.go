package upgrade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"
	restfake "k8s.io/client-go/rest/fake"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// api is a cluster in memory, as Helm sees one. The real one is asked by the scripts.
type api struct {
	*fake.PrintingKubeClient
	objects map[string]*unstructured.Unstructured // by kind, namespace and name
	dry     bool
	waits   error    // what waiting ends with
	deleted []string // by hooks
}

func newAPI() *api {
	return &api{PrintingKubeClient: &fake.PrintingKubeClient{Out: io.Discard}, objects: map[string]*unstructured.Unstructured{}}
}

// tried is the same cluster for dry runs.
func (a *api) tried() *api {
	return &api{PrintingKubeClient: a.PrintingKubeClient, objects: a.objects, dry: true}
}

func keyOf(info *resource.Info) string {
	return info.Mapping.GroupVersionKind.Kind + " " + info.Namespace + "/" + info.Name
}

// Build implements kube.Interface.
func (a *api) Build(reader io.Reader, _ bool) (kube.ResourceList, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	objects, err := manifest.Decode(text)
	if err != nil {
		return nil, err
	}
	var list kube.ResourceList
	for _, decoded := range objects {
		object := &unstructured.Unstructured{Object: decoded}
		scope := meta.RESTScope(meta.RESTScopeNamespace)
		if strings.HasPrefix(object.GetKind(), "Cluster") {
			scope = meta.RESTScopeRoot
		} else if object.GetNamespace() == "" {
			object.SetNamespace("default")
		}
		kind := object.GroupVersionKind()
		info := &resource.Info{Name: object.GetName(), Namespace: object.GetNamespace(), Object: object, Mapping: &meta.RESTMapping{
			Resource: kind.GroupVersion().WithResource(strings.ToLower(kind.Kind) + "s"), GroupVersionKind: kind, Scope: scope,
		}}
		info.Client = &restfake.RESTClient{
			NegotiatedSerializer: resource.UnstructuredPlusDefaultContentConfig().NegotiatedSerializer, GroupVersion: kind.GroupVersion(),
			Client: restfake.CreateHTTPClient(func(*http.Request) (*http.Response, error) { return a.get(keyOf(info)) }),
		}
		list = append(list, info)
	}
	return list, nil
}

func (a *api) get(key string) (*http.Response, error) {
	object, ok := a.objects[key]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
		object = &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": int64(404)}}
	}
	data, err := json.Marshal(object)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(data))}, err
}

// Create implements kube.Interface.
func (a *api) Create(list kube.ResourceList) (*kube.Result, error) {
	for _, info := range list {
		object, _ := info.Object.(*unstructured.Unstructured)
		a.put(info, object)
	}
	return &kube.Result{Created: list}, nil
}

func (a *api) put(info *resource.Info, object *unstructured.Unstructured) {
	info.Object = object.DeepCopy()
	if !a.dry {
		a.objects[keyOf(info)] = object.DeepCopy()
	}
}

// Delete implements kube.Interface.
func (a *api) Delete(list kube.ResourceList) (*kube.Result, []error) {
	for _, info := range list {
		if a.objects[keyOf(info)] != nil {
			a.deleted = append(a.deleted, keyOf(info))
		}
		delete(a.objects, keyOf(info))
	}
	return &kube.Result{Deleted: list}, nil
}

// Update implements kube.Interface: a merge of what was, what is and what is to be.
func (a *api) Update(original, target kube.ResourceList, _ bool) (*kube.Result, error) {
	for _, info := range target {
		wanted, _ := info.Object.(*unstructured.Unstructured)
		current, ok := a.objects[keyOf(info)]
		if !ok {
			a.put(info, wanted)
			continue
		}
		merged := current.DeepCopy()
		if was := original.Get(info); was != nil {
			old, _ := was.Object.(*unstructured.Unstructured)
			merge(merged.Object, old.Object, wanted.Object)
		} else {
			merge(merged.Object, nil, wanted.Object)
		}
		a.put(info, merged)
	}
	if gone := original.Difference(target); len(gone) > 0 && !a.dry {
		a.Delete(gone)
	}
	return &kube.Result{Updated: target}, nil
}

func merge(current, original, target map[string]any) {
	for key := range original {
		if _, ok := target[key]; !ok {
			delete(current, key)
		}
	}
	for key, value := range target {
		table, isTable := value.(map[string]any)
		there, both := current[key].(map[string]any)
		if isTable && both {
			old, _ := original[key].(map[string]any)
			merge(there, old, table)
			continue
		}
		current[key] = value
	}
}

// Wait implements kube.Interface.
func (a *api) Wait(kube.ResourceList, time.Duration) error { return a.waits }

const values = "image: quay.io/a/b:1\nreplicas: 1\n"

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec: {replicas: {{ .Values.replicas }}, template: {spec: {containers: [{name: c, image: "{{ .Values.image }}"}]}}}
`

func chartOf(t *testing.T, template string, more ...string) *chart.Chart {
	t.Helper()
	files := map[string][]byte{
		"app/Chart.yaml":         []byte("apiVersion: v2\nname: app\nversion: 1.0.0\n"),
		"app/values.yaml":        []byte(values),
		"app/templates/app.yaml": []byte(template),
	}
	for i := 0; i+1 < len(more); i += 2 {
		files["app/"+more[i]] = []byte(more[i+1])
	}
	found := chart.InFiles(files)
	if len(found) != 1 || found[0].Err != nil {
		t.Fatal(found)
	}
	return found[0].Chart
}

// clusterWith is a cluster in which a chart was installed, with what Helm stores in memory.
func clusterWith(t *testing.T, c *chart.Chart, config map[string]any) (upgrade.Cluster, *api) {
	t.Helper()
	live := newAPI()
	memory := &upgrade.Configuration{
		Releases: storage.Init(driver.NewMemory()), KubeClient: live, Capabilities: chartutil.DefaultCapabilities, Log: func(string, ...any) {},
	}
	opened, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	install := action.NewInstall(memory)
	install.ReleaseName, install.Namespace, install.SkipSchemaValidation = "app", "default", true
	if _, err := install.RunWithContext(t.Context(), opened, config); err != nil {
		t.Fatal(err)
	}
	history := func(context.Context) ([]upgrade.Stored, error) {
		revisions, err := memory.Releases.History("app")
		var stored []upgrade.Stored
		for _, revision := range revisions {
			data, err := json.Marshal(revision)
			if err != nil {
				return nil, err
			}
			stored = append(stored, upgrade.Stored{JSON: data})
		}
		return stored, err
	}
	return upgrade.Cluster{Configuration: memory, DryRun: live.tried(), History: history}, live
}

// found is the release with what redirects it.
func found(t *testing.T, c *chart.Chart, config map[string]any) upgrade.Upgrade {
	t.Helper()
	target, err := images.ParseTarget("reg.corp/kkp")
	if err != nil {
		t.Fatal(err)
	}
	goal := chart.ReleaseOptions{Release: "app", Namespace: "default", Revision: 1}
	renderer := &chart.Renderer{}
	texts, err := renderer.Texts(t.Context(), c, config, goal)
	if err != nil {
		t.Fatal(err)
	}
	r, err := redirect.Find(t.Context(), renderer, c, chart.InstalledRelease{ReleaseOptions: goal, Config: config, Manifests: slices.Collect(maps.Values(texts))}, target)
	if err != nil {
		t.Fatal(err)
	}
	return upgrade.Upgrade{Name: "app", Namespace: "default", Revision: 1, Chart: c, Config: config, Override: r.Values, Images: r.Images}
}

// refused are the objects that a trial refuses, with the reasons.
func refused(trial *upgrade.Trial) map[string]string {
	reasons := map[string]string{}
	for _, change := range trial.Changes {
		if change.Refused != "" {
			reasons[change.Name] = change.Refused
		}
	}
	return reasons
}

// printed are the objects of a cluster as text.
func printed(live *api) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(live.objects)) {
		data, _ := json.Marshal(live.objects[key])
		text.WriteString(key + ": " + string(data) + "\n")
	}
	return text.String()
}
