package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// installer stands in for kubermatic-installer: deploy STACK --config FILE --helm-values FILE --charts-directory DIR. It
// does what matters for images (kubermatic cmd/kubermatic-installer and pkg/install, v2.31.0): it installs the charts of
// the stack with one file of values, and for the master it creates the first object of the configuration.
func installer(args []string) int {
	if err := deploy(args); err != nil {
		fmt.Fprintln(os.Stderr, "kubermatic-installer:", err)
		return 1
	}
	return 0
}

// stackCharts are charts of KKP's stacks, with their namespaces.
func stackCharts(stack string) map[string]string {
	return map[string]map[string]string{
		"kubermatic-master": {"cert-manager": "cert-manager", "dex": "dex", "kubermatic-operator": "kubermatic"},
		"kubermatic-seed":   {"minio": "minio"},
	}[stack]
}

func deploy(args []string) error {
	if len(args) < 2 || args[0] != "deploy" || stackCharts(args[1]) == nil {
		return errors.New("usage: kubermatic-installer deploy STACK [flags]")
	}
	flags := flag.NewFlagSet("deploy", flag.ContinueOnError)
	config := flags.String("config", "", "")
	file := flags.String("helm-values", "", "")
	charts := flags.String("charts-directory", "charts", "")
	if err := flags.Parse(args[2:]); err != nil {
		return err
	}
	configuration, err := firstObject(*config)
	if err != nil {
		return err
	}
	values, err := chartutil.ReadValuesFile(*file)
	if err != nil {
		return err
	}
	operator, _ := values["kubermaticOperator"].(map[string]any)
	secret, _, _ := unstructured.NestedString(configuration.Object, "spec", "imagePullSecret")
	values["kubermaticOperator"] = chartutil.CoalesceTables(map[string]any{"imagePullSecret": secret}, operator)
	for name, namespace := range stackCharts(args[1]) {
		if err := installChart(filepath.Join(*charts, name), name, namespace, values); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if args[1] != "kubermatic-master" {
		return nil
	}
	object, err := json.Marshal(configuration)
	if err != nil {
		return err
	}
	apply := exec.Command("kubectl", "apply", "-f", "-")
	apply.Stdin, apply.Stdout, apply.Stderr = bytes.NewReader(object), os.Stdout, os.Stderr
	return apply.Run()
}

// firstObject is the first object of a file, the only one that the installer reads.
func firstObject(file string) (*unstructured.Unstructured, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	object := &unstructured.Unstructured{}
	err = utilyaml.NewYAMLOrJSONDecoder(opened, 1024).Decode(object)
	if err == nil && object.GetKind() != "KubermaticConfiguration" {
		err = fmt.Errorf("%s: the first object is a %s", file, object.GetKind())
	}
	return object, err
}

// installChart installs a chart as Helm does, without waiting: no node runs its pods.
func installChart(dir, name, namespace string, values map[string]any) error {
	loaded, err := loader.Load(dir)
	if err != nil {
		return err
	}
	flags := genericclioptions.NewConfigFlags(false)
	flags.Namespace = &namespace
	configuration := &action.Configuration{}
	if err := configuration.Init(flags, namespace, "secret", func(string, ...any) {}); err != nil {
		return err
	}
	install := action.NewInstall(configuration)
	install.ReleaseName, install.Namespace, install.CreateNamespace = name, namespace, true
	_, err = install.Run(loaded, values)
	return err
}
