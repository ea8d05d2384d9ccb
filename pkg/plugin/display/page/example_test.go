package page_test

import (
	"fmt"
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

func ExampleChecks_CSV() {
	checks := page.Checks{
		Head: page.Head{Title: "Is the installation ready?"},
		Sections: []page.Section{{
			Name: "mirror",
			Findings: []page.Finding{{
				ID: "mirror.image-missing", State: "not ready", Sign: "✗",
				Subjects: []page.Fact{{Name: "quay.io/kubermatic/kubeone:v1.12.3", Value: "does not exist"}},
				Remedy:   "copy the missing images and charts into the mirror",
				Command:  "kubectl kkp-mirror sync registry.example.com/kkp",
			}},
		}},
	}
	if err := checks.CSV(os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// section,state,id,subject,reason,remedy,command
	// mirror,not ready,mirror.image-missing,quay.io/kubermatic/kubeone:v1.12.3,does not exist,copy the missing images and charts into the mirror,kubectl kkp-mirror sync registry.example.com/kkp
}
