package upgrade_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
)

const binding = `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: owned}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
`

const hooks = `---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: restore, annotations: {helm.sh/hook: post-rollback}}
---
apiVersion: v1
kind: Pod
metadata: {name: smoke, annotations: {helm.sh/hook: test}}
`

// set sets a field of an object of a cluster.
func set(t *testing.T, live *api, key string, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(live.objects[key].Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// TestLiveObjects compares what an upgrade would do with what the cluster has, whatever the
// release says about itself.
func TestLiveObjects(t *testing.T) {
	app := "Deployment default/app"
	for name, c := range map[string]struct {
		template string
		change   func(t *testing.T, live *api) // makes the cluster another one than the release says
		wait     bool
		want     map[string]string
	}{
		"as it was installed": {template: deployment, want: map[string]string{}},
		"an object that nobody has installed": {
			template: deployment + binding, change: func(_ *testing.T, live *api) { delete(live.objects, "ClusterRoleBinding /owned") },
			want: map[string]string{"ClusterRoleBinding.rbac.authorization.k8s.io/owned": "the object does not exist and would be created"},
		},
		"an object of another release": {
			template: deployment,
			change: func(t *testing.T, live *api) {
				t.Helper()
				set(t, live, app, "other", "metadata", "annotations", "meta.helm.sh/release-name")
			},
			want: map[string]string{"Deployment.apps/default/app": "the object exists and does not belong to the release"},
		},
		"an object of nobody": {
			template: deployment, change: func(_ *testing.T, live *api) { live.objects[app].SetLabels(nil) },
			want: map[string]string{"Deployment.apps/default/app": "the object exists and does not belong to the release"},
		},
		"a field that nobody has installed": {
			template: strings.Replace(deployment, "replicas: {{", "serviceAccountName: admin, replicas: {{", 1),
			change: func(_ *testing.T, live *api) {
				unstructured.RemoveNestedField(live.objects[app].Object, "spec", "serviceAccountName")
			},
			want: map[string]string{"Deployment.apps/default/app": "spec.serviceAccountName would change, which the new values of the release do not explain"},
		},
		"another image than is said": {
			template: deployment,
			change: func(t *testing.T, live *api) {
				t.Helper()
				set(t, live, app, []any{map[string]any{"name": "c", "image": "quay.io/a/real:7"}}, "spec", "template", "spec", "containers")
			},
			want: map[string]string{"Deployment.apps/default/app": "spec.template.spec.containers[0].image would change, which the new values of the release do not explain"},
		},
		"references in Secrets": {
			template: deployment + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {config: \"image: {{ .Values.image }}\\n\"}\n",
			change: func(t *testing.T, live *api) { // as the API server keeps it
				t.Helper()
				set(t, live, "Secret default/s", map[string]any{"config": "aW1hZ2U6IHF1YXkuaW8vYS9iOjEK"}, "data")
			},
			want: map[string]string{},
		},
		"hooks": {
			template: deployment + hooks, change: func(_ *testing.T, live *api) { delete(live.objects, "Job default/migrate") },
			want: map[string]string{"Job.batch/default/migrate": "a hook would create the object"},
		},
		"hooks of what is there, and of a rollback": {
			template: deployment + hooks, wait: true, change: func(_ *testing.T, live *api) { live.objects["Job default/migrate"] = live.objects[app] },
			want: map[string]string{"Job.batch/default/migrate": "a hook would delete the object and create it again", "Job.batch/default/restore": "a hook would create the object"},
		},
	} {
		chart := chartOf(t, c.template)
		cluster, live := clusterWith(t, chart, nil)
		if c.change != nil {
			c.change(t, live)
		}
		before := printed(live)
		trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{Wait: c.wait})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, refused(trial)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if after := printed(live); after != before {
			t.Errorf("%s: a trial changed the cluster:\n%s\n%s", name, before, after)
		}
	}
}

func TestNamesOfObjects(t *testing.T) {
	change := upgrade.ObjectChange{Name: "Deployment.apps/default/app"}
	for name, want := range map[string]bool{"deployment.apps/default/app": true, "Deployment/default/app": false, "Deployment.apps/app": false} {
		if change.Allowed(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}

func TestAllowedObjectsAreNotRefused(t *testing.T) {
	trial := &upgrade.Trial{Changes: []upgrade.ObjectChange{{Name: "Pod/a/images"}, {Name: "Pod/a/more", Refused: "more"}, {Name: "Pod/a/allowed", Refused: "more"}}}
	if refused := trial.Refused([]string{"pod/a/ALLOWED"}); len(refused) != 1 || refused[0].Name != "Pod/a/more" || len(trial.Changes) != 3 {
		t.Errorf("got %+v", refused)
	}
}

// TestTemplatesThatWait applies nothing of a chart that renders to something else when it is
// applied than when it was tried.
func TestTemplatesThatWait(t *testing.T) {
	at := time.Now().Add(4 * time.Second).Unix()
	chart := chartOf(t, deployment+fmt.Sprintf("{{ if ge (now | unixEpoch | int64) (int64 %d) }}%s{{ end }}", at, binding))
	cluster, live := clusterWith(t, chart, nil)
	trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{})
	if err != nil || len(refused(trial)) > 0 {
		t.Fatal(err, trial)
	}
	time.Sleep(time.Until(time.Unix(at, 0)))
	if _, err := trial.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "renders differently than in the dry run") {
		t.Error(err)
	}
	if text := printed(live); strings.Contains(text, "owned") || strings.Contains(text, "reg.corp") {
		t.Error(text)
	}
}

// TestReleasesThatChange applies what was tried, whatever is written into the release meanwhile.
func TestReleasesThatChange(t *testing.T) {
	chart := chartOf(t, deployment)
	cluster, live := clusterWith(t, chart, nil)
	trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := live.Build(strings.NewReader("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: precious}\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := live.Create(list); err != nil {
		t.Fatal(err)
	}
	stored, err := cluster.Releases.Get("app", 1)
	if err != nil {
		t.Fatal(err)
	}
	forged := *stored
	forged.Manifest += "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: precious}\n" // Helm deletes what is not in the chart any more
	if err := cluster.Releases.Update(&forged); err != nil {
		t.Fatal(err)
	}
	if _, err := trial.Apply(t.Context()); err != nil {
		t.Error(err)
	}
	if text := printed(live); !strings.Contains(text, "precious") || !strings.Contains(text, "reg.corp") {
		t.Error(text)
	}
}

// TestRollback goes back to the revision that was tried, not to one that says that it was
// installed once.
func TestRollback(t *testing.T) {
	chart := chartOf(t, deployment)
	cluster, live := clusterWith(t, chart, nil)
	stored, err := cluster.Releases.Get("app", 1)
	if err != nil {
		t.Fatal(err)
	}
	forged := *stored
	forged.Version, forged.Info, forged.Manifest = 2, &release.Info{Status: release.StatusSuperseded}, stored.Manifest+binding
	if err := cluster.Releases.Create(&forged); err != nil {
		t.Fatal(err)
	}
	trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{Wait: true, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	live.waits = errors.New("not ready")
	if _, err := trial.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "not ready") || !strings.Contains(err.Error(), "revision 1") {
		t.Error(err)
	}
	if text := printed(live); strings.Contains(text, "owned") || !strings.Contains(text, "quay.io/a/b:1") {
		t.Error(text)
	}
	if last, err := cluster.Releases.Last("app"); err != nil || last.Version != 4 || strings.Contains(last.Manifest, "owned") {
		t.Errorf("%v %+v", err, last)
	}
}

// TestAllowedHooks runs hooks that were shown.
func TestAllowedHooks(t *testing.T) {
	chart := chartOf(t, deployment+hooks)
	cluster, live := clusterWith(t, chart, nil)
	trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trial.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := printed(live); !strings.Contains(text, "Job default/migrate") || strings.Contains(text, "restore") {
		t.Error(text)
	}
}

// TestSameTrial tells when the cluster has changed between two trials.
func TestSameTrial(t *testing.T) {
	chart := chartOf(t, deployment)
	cluster, live := clusterWith(t, chart, nil)
	try := func() *upgrade.Trial {
		trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return trial
	}
	first := try()
	if !try().Same(first) {
		t.Error("two trials of the same differ")
	}
	set(t, live, "Deployment default/app", "x", "metadata", "annotations", "changed")
	if try().Same(first) {
		t.Error("a change in the cluster is not seen")
	}
}

// TestSchemasAreNotEvaluated keeps schemas from reading files and asking servers.
func TestSchemasAreNotEvaluated(t *testing.T) {
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked = true; _, _ = w.Write([]byte("{}")) }))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{"required": ["missing"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{server.URL, "file://" + file} {
		chart := chartOf(t, deployment, "values.schema.json", fmt.Sprintf(`{"$ref": %q}`, reference))
		cluster, _ := clusterWith(t, chart, nil)
		trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{})
		if err == nil {
			_, err = trial.Apply(t.Context())
		}
		if err != nil || asked {
			t.Errorf("%s was read: %v", reference, err)
		}
	}
}
