package sample

import (
	"context"
	"encoding/json"
	"strings"

	"k8s.io/client-go/dynamic"
)

// chartRepository is what stands in the manifests for the address of the chart repository.
const chartRepository = "http://charts.example.com"

// Applications creates the ApplicationDefinitions on the master. charts is the address of the chart repository.
func (s Sample) Applications(ctx context.Context, master Cluster, charts string) error {
	client, err := dynamic.NewForConfig(master.Config)
	if err != nil {
		return err
	}
	objects, err := s.Release.read("applications.yaml")
	if err != nil {
		return err
	}
	for _, object := range objects {
		text, err := json.Marshal(object.Object)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), chartRepository, charts)), &object.Object); err != nil {
			return err
		}
		if _, err := create(ctx, client, object); err != nil {
			return err
		}
	}

	return nil
}
