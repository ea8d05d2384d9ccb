package settings_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/settings"
)

func ExampleFromFile() {
	keys := []settings.Key{{Name: "jobs", Kind: settings.Number}}
	found, err := settings.FromFile("config.yaml", []byte("jobs: 16\n"), keys)
	fmt.Println(found[0].Name, found[0].Values, found[0].Origin, err)
	_, err = settings.FromFile("config.yaml", []byte("\njob: 16\n"), keys)
	fmt.Println(err)
	// Output:
	// jobs [16] config.yaml:1 <nil>
	// config.yaml:2: unknown setting "job"; known settings: jobs
}
