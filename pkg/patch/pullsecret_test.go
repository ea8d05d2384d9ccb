package patch_test

import (
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

func TestPullSecretKeepsWhatKKPHas(t *testing.T) {
	mirror := images.Target{Registry: "mirror:5000", Prefix: "kkp"}
	for _, tt := range []struct{ name, live, given, want string }{
		{"nothing before", "", `{"auths":{"mirror:5000":{"auth":"bmV3"},"quay.io":{"auth":"bWluZQ=="}},"credsStore":"pass"}`, `{"auths":{"mirror:5000":{"auth":"bmV3"}}}`},
		{"others stay", `{"auths":{"quay.io":{"auth":"ZWU="}}}`, `{"auths":{"mirror:5000":{"auth":"bmV3"}}}`, `{"auths":{"mirror:5000":{"auth":"bmV3"},"quay.io":{"auth":"ZWU="}}}`},
		{"a newer one", `{"auths":{"mirror:5000":{"auth":"b2xk"}}}`, `{"auths":{"mirror:5000":{"auth":"bmV3"}}}`, `{"auths":{"mirror:5000":{"auth":"bmV3"}}}`},
		{"a repository, and an old key", "", `{"auths":{"mirror:5000/kkp":{"auth":"bmV3"},"https://mirror:5000/v1/":{"auth":"bmV3"}}}`, `{"auths":{"https://mirror:5000/v1/":{"auth":"bmV3"},"mirror:5000/kkp":{"auth":"bmV3"}}}`},
		{"of others only", "", `{"auths":{"quay.io":{"auth":"bWluZQ=="}}}`, "error"},
		{"of a helper only", "", `{"auths":{"mirror:5000":{}},"credsStore":"pass"}`, "error"},
		{"no configuration", "", `secret`, "error"},
		{"garbage before", "secret", `{"auths":{"mirror:5000":{"auth":"bmV3"}}}`, "error"},
	} {
		got, err := patch.PullSecret(tt.live, []byte(tt.given), mirror)
		if err != nil {
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error quotes: %v", tt.name, err)
			}
			got = "error"
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s (%v)", tt.name, got, tt.want, err)
		}
	}
}

func TestHasCredentials(t *testing.T) {
	for config, want := range map[string]bool{
		`{"auths":{"mirror:5000":{"auth":"bmV3"}}}`:          true,
		`{"auths":{"https://mirror:5000/v1/":{"auth":"b"}}}`: true,
		`{"auths":{"mirror:5001":{"auth":"bmV3"}}}`:          false,
		`{"auths":{"mirror:5000":{}}}`:                       false,
		`secret`:                                             false,
		``:                                                   false,
	} {
		if got := patch.HasCredentials([]byte(config), "mirror:5000"); got != want {
			t.Errorf("%s: %v", config, got)
		}
	}
}
