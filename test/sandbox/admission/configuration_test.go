package admission

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestConfiguration(t *testing.T) {
	for _, test := range []struct {
		name, spec string
		want       []string // the fields that are refused; what is said about each
	}{
		{"nothing is set", `{}`, nil},
		{"repositories", `{"api": {"dockerRepository": "registry.example:5000/kkp/dashboard"}, "userCluster": {"overwriteRegistry": "registry.example:5000"}}`, nil},
		{"a tag", `{"ui": {"dockerRepository": "quay.io/kubermatic/dashboard:v1"}}`, []string{"spec.ui.dockerRepository: image tag for the ui.dockerRepository repository"}},
		{"a port is taken for a tag", `{"seedController": {"dockerRepository": "registry.example:5000"}}`, []string{"spec.seedController.dockerRepository: image tag"}},
		{"a tag and a digest", `{"webhook": {"dockerRepository": "a/b:c@sha256:` + strings.Repeat("0", 64) + `"}}`, []string{"spec.webhook.dockerRepository: image tag"}},
		{"no reference", `{"masterController": {"dockerRepository": "https://registry.example"}}`, []string{"spec.masterController.dockerRepository: no Docker repository"}},
		{
			"everywhere",
			`{"userCluster": {"kubermaticDockerRepository": "a:1", "dnatControllerDockerRepository": "a:1", "etcdLauncherDockerRepository": "a:1",
			"addons": {"dockerRepository": "a:1"}}, "verticalPodAutoscaler": {"recommender": {"dockerRepository": "a:1"},
			"updater": {"dockerRepository": "a:1"}, "admissionController": {"dockerRepository": "a:1"}}}`,
			[]string{
				"spec.userCluster.kubermaticDockerRepository: tag", "spec.userCluster.dnatControllerDockerRepository: tag",
				"spec.userCluster.etcdLauncherDockerRepository: tag", "spec.userCluster.addons.dockerRepository: tag",
				"spec.verticalPodAutoscaler.recommender.dockerRepository: tag", "spec.verticalPodAutoscaler.updater.dockerRepository: tag",
				"spec.verticalPodAutoscaler.admissionController.dockerRepository: tag",
			},
		},
		{"images to mirror", `{"mirrorImages": ["alpine:3.20", "alpine", "A:1"]}`, []string{"spec.mirrorImages[1]: must include a tag", "spec.mirrorImages[2]: invalid image reference"}},
		{"a default that is offered", `{"versions": {"versions": ["v1.34.1", "1.35.2"], "default": "1.34.1"}}`, nil},
		{"a default that is not", `{"versions": {"versions": ["1.34.1"], "default": "1.34.2"}}`, []string{"spec.versions.default: not listed"}},
		{"KKP's own default", `{"versions": {"versions": ["1.35.7"]}}`, nil},
		{"without KKP's own default", `{"versions": {"versions": ["1.34.1"]}}`, []string{"spec.versions.default: not listed"}},
		{"a gap", `{"versions": {"versions": ["1.32.1", "1.35.7"]}}`, []string{"spec.versions.versions: minor releases v1.33, v1.34 configured"}},
		{"no version", `{"versions": {"versions": ["new", "1.35.7"]}}`, []string{"spec.versions.versions[0]: could not parse"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			configuration := &Configuration{}
			if err := json.Unmarshal([]byte(`{"spec": `+test.spec+`}`), configuration); err != nil {
				t.Fatal(err)
			}
			check(t, configuration.Validate("1.35.7"), test.want)
		})
	}
}

// check wants errors on fields, each written as FIELD: WORDS.
func check(t *testing.T, got field.ErrorList, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d errors, want %d: %v", len(got), len(want), got)
	}
	for i, err := range got {
		at, words, _ := strings.Cut(want[i], ": ")
		if err.Field != at || !strings.Contains(err.Detail, words) {
			t.Errorf("%v, want %s", err, want[i])
		}
	}
}
