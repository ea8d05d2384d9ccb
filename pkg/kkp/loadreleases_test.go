package kkp_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// stored is a release and the Secret that it is in.
type stored struct {
	namespace, name string // of the release
	revision        int
	chart           string
	status          string                    // "": deployed
	broken          bool                      // it cannot be decoded
	padding         int                       // bytes that it has more when it is unpacked
	forge           func(labels, of metadata) // changes what the Secret says
}

// metadata are a Secret's.
type metadata map[string]any

// secret is how Helm stores a release (helm pkg/storage/driver/secrets.go, v3).
func (s stored) secret(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	status := s.status
	if status == "" {
		status = "deployed"
	}
	text := fmt.Sprintf(`{"name": %q, "namespace": %q, "version": %d, "info": {"status": %q}, "chart": {"metadata": {"name": %q, "version": "1.0.0"}}}`,
		s.name, s.namespace, s.revision, status, s.chart)
	data := encoded(t, text+strings.Repeat(" ", s.padding))
	if s.broken {
		data = []byte("!")
	}
	labels := metadata{"owner": "helm", "status": status, "name": s.name, "version": fmt.Sprint(s.revision)}
	of := metadata{"name": fmt.Sprintf("sh.helm.release.v1.%s.v%d", s.name, s.revision), "namespace": s.namespace}
	if s.forge != nil {
		s.forge(labels, of)
	}
	of["labels"] = map[string]any(labels)
	secret := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any(of)}}
	secret.Object["data"] = map[string]any{"release": base64.StdEncoding.EncodeToString(data)}
	return secret
}

// load reads the releases of an installation that has these Secrets.
func load(t *testing.T, releases ...stored) kkp.Installation {
	t.Helper()
	inst, err := kkp.Load(t.Context(), clientOf(t, releases...), kkp.Request{Parts: []kkp.Part{kkp.PartReleases}})
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// clientOf is a client of an API with these Secrets and a KubermaticConfiguration.
func clientOf(t *testing.T, releases ...stored) kkp.Client {
	t.Helper()
	return apiOf(t, releases...).client(t)
}

// apiOf is the API of clientOf.
func apiOf(t *testing.T, releases ...stored) *apiServer {
	t.Helper()
	all := objects(t, "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: kubermatic, namespace: kubermatic}}")
	for _, s := range releases {
		all = append(all, s.secret(t))
	}
	return newAPI(all...)
}

// read are the releases that were read, and what was not.
func read(inst kkp.Installation) (releases, unread []string) {
	for _, r := range inst.Releases {
		releases = append(releases, fmt.Sprintf("%s.v%d", r.ID(), r.Revision))
	}
	for _, u := range inst.Unread {
		if u.Part == kkp.PartReleases {
			unread = append(unread, u.Subject)
		}
	}
	return releases, unread
}

func TestLoadReleases(t *testing.T) {
	inst := load(t,
		stored{namespace: "monitoring", name: "a", revision: 1, chart: "grafana", status: "superseded"},
		stored{namespace: "monitoring", name: "a", revision: 2, chart: "grafana"},
		stored{namespace: "monitoring", name: "a", revision: 3, chart: "grafana", status: "failed"},
		stored{namespace: "monitoring", name: "b", revision: 1, chart: "grafana", broken: true},
		stored{namespace: "kube-system", name: "c", revision: 1, chart: "s3-exporter"},
		stored{namespace: "kube-system", name: "d", revision: 1, chart: "aws-ebs-csi-driver"},
		stored{namespace: "shop", name: "e", revision: 1, chart: "shop"},
	)
	releases, unread := read(inst)
	if diff := cmp.Diff([]string{"kube-system/c.v1", "monitoring/a.v2"}, releases); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Helm release monitoring/b on master"}, unread); diff != "" {
		t.Error(diff)
	}
}

// TestSecretsSpeakForTheirOwnRelease refuses Secrets whose release says that it is another one.
func TestSecretsSpeakForTheirOwnRelease(t *testing.T) {
	for field, forge := range map[string]func(labels, of metadata){
		"namespace":     func(_, of metadata) { of["namespace"] = "minio" },
		"name":          func(_, of metadata) { of["name"] = "sh.helm.release.v1.b.v2" },
		"label name":    func(labels, _ metadata) { labels["name"] = "b" },
		"label version": func(labels, _ metadata) { labels["version"] = "7" },
	} {
		inst := load(t, stored{namespace: "monitoring", name: "a", revision: 2, chart: "grafana", forge: forge})
		var mismatch *kkp.MismatchError
		if len(inst.Releases) > 0 || len(inst.Unread) == 0 || !errors.As(inst.Unread[len(inst.Unread)-1].Err, &mismatch) || mismatch.Field != field {
			t.Errorf("%s: %+v, %+v", field, inst.Releases, inst.Unread)
		}
	}
	// A revision that failed, with the label of one that is deployed.
	relabel := func(labels, _ metadata) { labels["status"] = "deployed" }
	inst := load(t, stored{namespace: "monitoring", name: "a", revision: 9, chart: "grafana", status: "failed", forge: relabel})
	if releases, unread := read(inst); len(releases) > 0 || len(unread) != 1 {
		t.Errorf("%q, %q", releases, unread)
	}
}

// TestShadowedRevisions tells about revisions that the newest one hides.
func TestShadowedRevisions(t *testing.T) {
	inst := load(t,
		stored{namespace: "monitoring", name: "a", revision: 2, chart: "grafana"},
		stored{namespace: "monitoring", name: "a", revision: 99, chart: "grafana"},
	)
	releases, unread := read(inst)
	if diff := cmp.Diff([]string{"monitoring/a.v99"}, releases); diff != "" {
		t.Error(diff)
	}
	var ambiguous *kkp.AmbiguousError
	if len(unread) != 1 || !errors.As(inst.Unread[len(inst.Unread)-1].Err, &ambiguous) || !strings.HasPrefix(ambiguous.Error(), "revisions 99, 2 are all marked as deployed") {
		t.Errorf("%q, %v", unread, ambiguous)
	}
}

// TestReleasesAreBounded reads no more of what inflates than fits the memory.
func TestReleasesAreBounded(t *testing.T) {
	var bombs []stored
	for i := range 7 {
		bombs = append(bombs, stored{namespace: "minio", name: fmt.Sprintf("bomb%d", i), revision: 1, chart: "minio", padding: 30 << 20})
	}
	inst := load(t, append(bombs, stored{namespace: "monitoring", name: "a", revision: 2, chart: "grafana"})...)
	releases, unread := read(inst)
	if len(releases) != 6 || releases[5] != "monitoring/a.v2" {
		t.Errorf("%q", releases)
	}
	if len(unread) != 1 || unread[0] != "Helm releases in namespace minio on master" || !strings.Contains(fmt.Sprint(inst.Unread), "more than 128 MiB of releases") {
		t.Errorf("%v", inst.Unread)
	}
}

func TestHistory(t *testing.T) {
	relabel := func(labels, _ metadata) { labels["name"] = "a" }
	client := clientOf(t,
		stored{namespace: "monitoring", name: "a", revision: 1, chart: "grafana", status: "superseded"},
		stored{namespace: "monitoring", name: "a", revision: 2, chart: "grafana"},
		stored{namespace: "monitoring", name: "a", revision: 3, chart: "grafana", broken: true},
		stored{namespace: "monitoring", name: "b", revision: 4, chart: "grafana", forge: relabel},
		stored{namespace: "minio", name: "a", revision: 5, chart: "grafana"},
	)
	history, err := kkp.History(t.Context(), client, "monitoring", "a")
	if err != nil || len(history) != 2 || history[1].Labels["version"] != "2" || !strings.Contains(string(history[0].JSON), `"superseded"`) {
		t.Errorf("%v %s", err, history)
	}
}
