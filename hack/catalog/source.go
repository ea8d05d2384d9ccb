package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// mergeSource takes what no run tells from a checkout of KKP's source at the
// release's tag: applications, for both editions, and the default Kubernetes
// version. Without a checkout both stay as in the release before.
func (t *target) mergeSource(dir string, report *changes) error {
	if dir == "" {
		report.note("no -source: applications are as before, and the default Kubernetes version is taken to be %s", t.release().DefaultKubernetes)
		return nil
	}
	apps, err := readSource(dir)
	if err != nil {
		return err
	}
	before := describeShipped(shippedIn(t.file, t.index))
	if err := t.mergeApplications(apps); err != nil {
		return err
	}
	after := describeShipped(apps)
	report.added = append(report.added, without(after, before)...)
	report.removed = append(report.removed, without(before, after)...)
	return t.setDefaultKubernetes(dir, report)
}

// setDefaultKubernetes reads the configuration that KKP's source has with all
// defaults filled in.
func (t *target) setDefaultKubernetes(dir string, report *changes) error {
	path := filepath.Join(dir, "docs", "zz_generated.kubermaticConfiguration."+t.edition+".yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var configuration struct {
		Spec struct {
			Versions struct {
				Default string `json:"default"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(raw, &configuration); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	version := trimV(configuration.Spec.Versions.Default)
	if version == "" {
		return fmt.Errorf("%s: no spec.versions.default", path)
	}
	if version != t.release().DefaultKubernetes {
		report.note("default Kubernetes version: %s, not %s", version, t.release().DefaultKubernetes)
		t.file.Releases[t.index].DefaultKubernetes = version
	}
	return nil
}

// describeShipped lists applications for a summary.
func describeShipped(apps shipped) []string {
	var lines []string
	for _, name := range sorted(apps) {
		app := apps[name]
		for _, version := range app.Versions {
			lines = append(lines, fmt.Sprintf("application %s %s %s", name, version.Version, version.Chart))
		}
		for _, defaults := range app.Defaults {
			lines = append(lines, fmt.Sprintf("application %s from %s, default values:\n%s", name, defaults.Repository, indent(defaults.Values)))
		}
	}
	return lines
}

func indent(text string) string {
	return strings.TrimRight("    "+strings.ReplaceAll(text, "\n", "\n    "), " \n")
}

// Where KKP's source has the applications that it ships: those of the system,
// which both editions have, and the catalog of the Enterprise Edition.
const (
	systemDir  = "pkg/applicationdefinitions/system-applications"
	catalogDir = "pkg/ee/default-application-catalog/applicationdefinitions"
)

// readSource reads the applications of a checkout.
func readSource(dir string) (shipped, error) {
	apps := shipped{}
	for _, source := range []struct{ name, dir, edition string }{
		{data.SourceSystem, systemDir, ""}, {data.SourceCatalog, catalogDir, "ee"},
	} {
		paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(source.dir), "*.yaml"))
		if err != nil {
			return nil, err
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%s is not a checkout of KKP's source: no applications in %s", dir, source.dir)
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			app, err := readDefinition(raw)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			if _, ok := apps[app.Name]; ok {
				return nil, fmt.Errorf("%s: another file has %s, too", path, app.Name)
			}
			app.Source, app.Edition = source.name, source.edition
			apps[app.Name] = app
		}
	}
	return apps, nil
}

// definition is what counts of an ApplicationDefinition.
type definition struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Method             string         `json:"method"`
		DefaultValues      map[string]any `json:"defaultValues"`
		DefaultValuesBlock string         `json:"defaultValuesBlock"`
		Versions           []struct {
			Version  string `json:"version"`
			Template struct {
				Source struct {
					Helm struct {
						URL          string `json:"url"`
						ChartName    string `json:"chartName"`
						ChartVersion string `json:"chartVersion"`
					} `json:"helm"`
				} `json:"source"`
			} `json:"template"`
		} `json:"versions"`
	} `json:"spec"`
}

// readDefinition reads an application, without source and edition.
func readDefinition(raw []byte) (data.Application, error) {
	var d definition
	var app data.Application
	if err := yaml.Unmarshal(raw, &d); err != nil {
		return app, err
	}
	if d.Spec.Method != "helm" || len(d.Spec.Versions) == 0 {
		return app, fmt.Errorf("%q with the method %q and %d versions is not known", d.Metadata.Name, d.Spec.Method, len(d.Spec.Versions))
	}
	block := []byte(d.Spec.DefaultValuesBlock)
	if len(bytes.TrimSpace(block)) == 0 && len(d.Spec.DefaultValues) > 0 {
		var err error
		if block, err = yaml.Marshal(d.Spec.DefaultValues); err != nil {
			return app, err
		}
	}
	values, err := canonical(string(block))
	if err != nil {
		return app, fmt.Errorf("default values: %w", err)
	}
	first := d.Spec.Versions[0].Template.Source.Helm
	app = data.Application{
		Name: d.Metadata.Name, Chart: first.ChartName, Defaults: []data.Defaults{{Repository: first.URL, Values: values}},
	}
	for _, v := range d.Spec.Versions {
		helm := v.Template.Source.Helm
		if helm.URL != first.URL || helm.ChartName != first.ChartName {
			return app, fmt.Errorf("%s %s differs from other versions in more than the version", app.Name, v.Version)
		}
		version := data.Version{Version: v.Version}
		if helm.ChartVersion != v.Version {
			version.Chart = helm.ChartVersion
		}
		app.Versions = append(app.Versions, version)
	}
	return app, nil
}
