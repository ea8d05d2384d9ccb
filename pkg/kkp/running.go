package kkp

import (
	"cmp"
	"context"
	"strings"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// versionLabel is the label of KKP's Deployments that has the version which KKP's operator
// has, "v2.31.0" (kubermatic pkg/resources/reconciling/modifier/version_label.go, v2.31.0).
const versionLabel = "app.kubernetes.io/version"

// operator is the Deployment that the chart of KKP installs. It runs in the master cluster only:
// a Seed has a copy of the configuration, and other Deployments of KKP.
const operator = "kubermatic-operator"

// loadRunning fills in which version and edition KKP's operator is of, where the status
// of the configuration does not tell: the master-controller-manager writes the status, and its
// image may be one that cannot be pulled yet.
func (inst *Installation) loadRunning(ctx context.Context, master Client) {
	status := inst.Configuration.Status
	if status.KubermaticVersion != "" && status.KubermaticEdition != "" {
		return
	}
	deployment, err := getNamed(ctx, master, deploymentResource(), inst.Configuration.Namespace, operator)
	if err != nil {
		return // the flags for version and edition are left
	}
	images := containerImages(deployment)
	inst.running.version = cmp.Or(release(deployment.GetLabels()[versionLabel]), releaseOf(images))
	for _, image := range images {
		inst.running.edition = cmp.Or(inst.running.edition, editionOf(image))
	}
}

// OperatorImages reads the images of the Deployment of KKP's operator. None means that the Deployment
// does not exist.
func OperatorImages(ctx context.Context, master Client, namespace string) ([]string, error) {
	deployment, err := getNamed(ctx, master, deploymentResource(), namespace, operator)
	if notInstalled(err) {
		return nil, nil
	}
	if err != nil {
		return nil, unread("master", err)
	}
	return containerImages(deployment), nil
}

// containerImages are the images of a Deployment's containers.
func containerImages(deployment *unstructured.Unstructured) []string {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	var images []string
	for _, container := range containers {
		fields, _ := container.(map[string]any)
		if image, ok := fields["image"].(string); ok {
			images = append(images, image)
		}
	}
	return images
}

// releaseOf is the tag of KKP's own image among others.
func releaseOf(images []string) string {
	for _, image := range images {
		name, _, _ := strings.Cut(image, "@")
		if colon := strings.LastIndex(name, ":"); editionOf(image) != "" && colon > strings.LastIndex(name, "/") {
			return release(name[colon+1:])
		}
	}
	return ""
}

// release returns a version if it is one of KKP: "v2.31.0", also with what follows it.
func release(text string) string {
	if parsed, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v")); err != nil || parsed.Major() == 0 {
		return ""
	}
	return text
}
