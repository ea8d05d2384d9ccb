package templates_test

import (
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/templates"
)

// TestTamed renders what would look at this machine, twice.
func TestTamed(t *testing.T) {
	t.Setenv("KKP_MIRROR_SECRET", "secret")
	functions := sprig.TxtFuncMap()
	for name, function := range templates.Tamed() {
		functions[name] = function
	}
	for _, text := range []string{
		`{{ env "KKP_MIRROR_SECRET" }}`, `{{ expandenv "$KKP_MIRROR_SECRET" }}`, `{{ uuidv4 }}`, `{{ randAlphaNum 20 }}`, `{{ now }}`,
		`{{ genPrivateKey "rsa" }}`, `{{ (genCA "a" 1).Cert }}`, `{{ getHostByName "localhost" }}`, `{{ shuffle "abcdefghij" }}`, `{{ randInt 1 1000 }}`,
	} {
		render := func() string {
			var out strings.Builder
			if err := template.Must(template.New("").Funcs(functions).Parse(text)).Execute(&out, nil); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			return out.String()
		}
		if first, second := render(), render(); first != second || strings.Contains(first, "secret") {
			t.Errorf("%s renders to %q, then to %q", text, first, second)
		}
	}
}
