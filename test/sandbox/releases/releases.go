// Package releases installs Helm releases with Helm's own library, and serves charts from an HTTP repository and a
// registry. The charts are written for the sandbox, after those of KKP.
package releases

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

//go:embed charts
var charts embed.FS

// release is a release with the values of each of its revisions.
type release struct {
	name, namespace string
	revisions       []revision
}

type revision struct {
	values map[string]any
	fails  bool // the API server refuses it
}

// Master installs the releases of the master.
func Master(ctx context.Context, kubeconfig string) error {
	private := map[string]any{"image": map[string]any{"repository": "registry.corp.example/kkp/dexidp/dex"}}
	return install(ctx, kubeconfig, []release{
		{"cert-manager", "cert-manager", []revision{{}}},
		{"envoy-gateway-controller", "envoy-gateway-controller", []revision{{}}},
		{"dex", "dex", []revision{
			{values: map[string]any{"image": map[string]any{"tag": "v2.42.0"}}},
			{values: private},
			{values: map[string]any{"replicas": -1, "image": map[string]any{"tag": "v2.45.0"}}, fails: true},
		}},
	})
}

// Seed installs the releases of a seed.
func Seed(ctx context.Context, kubeconfig string) error {
	private := map[string]any{"minio": map[string]any{"image": map[string]any{"registry": "registry.corp.example"}}}
	return install(ctx, kubeconfig, []release{{"minio", "minio", []revision{{values: private}}}})
}

func install(ctx context.Context, kubeconfig string, releases []release) error {
	for _, r := range releases {
		if err := r.install(ctx, kubeconfig); err != nil {
			return fmt.Errorf("installing the release %s: %w", r.name, err)
		}
	}

	return nil
}

// install installs the first revision and upgrades to the others. Hooks are not run: there are no nodes to run them.
func (r release) install(ctx context.Context, kubeconfig string) error {
	loaded, err := load(r.name)
	if err != nil {
		return err
	}
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Namespace = &kubeconfig, &r.namespace
	configuration := &action.Configuration{}
	if err := configuration.Init(flags, r.namespace, "secret", func(string, ...any) {}); err != nil {
		return err
	}
	for i, wanted := range r.revisions {
		if i == 0 {
			first := action.NewInstall(configuration)
			first.ReleaseName, first.Namespace, first.CreateNamespace, first.DisableHooks = r.name, r.namespace, true, true
			_, err = first.RunWithContext(ctx, loaded, wanted.values)
		} else {
			upgrade := action.NewUpgrade(configuration)
			upgrade.Namespace, upgrade.DisableHooks = r.namespace, true
			_, err = upgrade.RunWithContext(ctx, r.name, loaded, wanted.values)
		}
		switch {
		case wanted.fails && err == nil:
			return errors.New("a revision that must fail did not")
		case !wanted.fails && err != nil:
			return err
		}
		if loaded, err = load(r.name); err != nil { // Helm changes what it installs
			return err
		}
	}

	return nil
}

// load reads an embedded chart.
func load(name string) (*chart.Chart, error) {
	root := path.Join("charts", name)
	var files []*loader.BufferedFile
	err := fs.WalkDir(charts, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := charts.ReadFile(file)
		files = append(files, &loader.BufferedFile{Name: strings.TrimPrefix(file, root+"/"), Data: content})
		return err
	})
	if err != nil {
		return nil, err
	}

	return loader.LoadFiles(files)
}
