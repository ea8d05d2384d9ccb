package templates_test

import (
	"fmt"
	"os"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/templates"
)

func ExampleTamed() {
	t, err := template.New("values").Funcs(sprig.TxtFuncMap()).Funcs(templates.Tamed()).Parse(`home: {{ env "HOME" | quote }}
year: {{ now.Year }}
password: {{ randAlphaNum 16 }}
name: {{ "KKP" | lower }}
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := t.Execute(os.Stdout, nil); err != nil {
		fmt.Println(err)
	}
	// Output:
	// home: ""
	// year: 1970
	// password: 0
	// name: kkp
}
