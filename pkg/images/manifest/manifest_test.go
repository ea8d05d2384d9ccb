package manifest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// found decodes documents and lists what is found in them as "object | path | reference".
func found(t *testing.T, text string) []string {
	t.Helper()
	objects, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, object := range objects {
		for _, hit := range Find(object) {
			lines = append(lines, hit.Object+" | "+hit.Path+" | "+hit.Reference)
		}
	}
	return lines
}

func TestFind(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"pod with every kind of container": {`
kind: Pod
metadata: {name: p, namespace: n}
spec:
  initContainers: [{name: i, image: busybox}]
  containers: [{name: a, image: quay.io/a/a:1}]
  ephemeralContainers: [{name: e, image: localhost:5000/e@sha256:` + sum + `}]
  volumes: [{name: v, image: {reference: ghcr.io/acme/data:3, pullPolicy: Always}}]
`, []string{
			"Pod n/p | spec.containers[0].image | quay.io/a/a:1",
			"Pod n/p | spec.ephemeralContainers[0].image | localhost:5000/e@sha256:" + sum,
			"Pod n/p | spec.initContainers[0].image | busybox",
			"Pod n/p | spec.volumes[0].image.reference | ghcr.io/acme/data:3",
		}},
		"workloads": {`
kind: CronJob
metadata: {name: c}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: a:1}]}}}}}
---
kind: PodTemplate
metadata: {generateName: t-}
template: {spec: {containers: [{image: b}]}}
---
apiVersion: acme.io/v1
kind: Rollout
metadata: {name: r}
spec: {canary: {template: {spec: {initContainers: [{image: c@sha256:` + sum + `}]}}}}
`, []string{
			"CronJob c | spec.jobTemplate.spec.template.spec.containers[0].image | a:1",
			"PodTemplate t- | template.spec.containers[0].image | b",
			"Rollout r | spec.canary.template.spec.initContainers[0].image | c@sha256:" + sum,
		}},
		"lists": {`
kind: DeploymentList
items:
- metadata: {name: one}
  spec: {template: {spec: {containers: [{image: a:1}]}}}
- kind: List
  items: [{kind: Pod, metadata: {name: two}, spec: {containers: [{image: a:1}]}}]
`, []string{
			"Deployment one | spec.template.spec.containers[0].image | a:1",
			"Pod two | spec.containers[0].image | a:1",
		}},
		"what a container names is returned as it is": {`
kind: Pod
spec: {containers: [{image: "Not Valid"}, {image: "<no value>:v1"}, {image: "{{ .Values.image }}"}, {image: ""}]}
`, []string{"Pod | spec.containers[0].image | Not Valid", "Pod | spec.containers[1].image | <no value>:v1"}},
		"arguments": {`
kind: Deployment
spec:
  containers:
  - command: [run, registry.k8s.io/x/y:v1, docker.io/library/plain]
    args:
    - --acme-http01-solver-image=quay.io/jetstack/acmesolver:v1.20.3
    - --prometheus-config-reloader=acme/reloader:v0.66.0
    - --pod-infra-container-image
    - registry.k8s.io/pause:3.10
    - --sidecar="registry.example.com:5000/sidecar:2"
    - --images=a:1,b:2
    - exec operator --helper-image=ghcr.io/acme/helper:1 --level=2
`, []string{
			"Deployment | spec.containers[0].args[0] | quay.io/jetstack/acmesolver:v1.20.3",
			"Deployment | spec.containers[0].args[1] | acme/reloader:v0.66.0",
			"Deployment | spec.containers[0].args[3] | registry.k8s.io/pause:3.10",
			"Deployment | spec.containers[0].args[4] | registry.example.com:5000/sidecar:2",
			"Deployment | spec.containers[0].args[5] | a:1",
			"Deployment | spec.containers[0].args[5] | b:2",
			"Deployment | spec.containers[0].args[6] | ghcr.io/acme/helper:1",
			"Deployment | spec.containers[0].command[1] | registry.k8s.io/x/y:v1",
		}},
		"environment of an operator": {`
kind: Deployment
spec:
  containers:
  - env:
    - {name: CONTROLLER_IMAGE, value: "cdi-controller:v1.58.1"}
    - {name: RELATED_IMAGE_IMPORTER, value: "quay.io/kubevirt/cdi-importer:v1.58.1"}
    - {name: UPLOAD, value: "quay.io/kubevirt/cdi-uploadserver:v1.58.1"}
    - {name: VERBOSITY, value: "1"}
    - {name: IMAGE_SERVICE, value: "image-service:8080"}
    - {name: NONE, valueFrom: {fieldRef: {fieldPath: x}}}
`, []string{
			"Deployment | spec.containers[0].env[0].value | cdi-controller:v1.58.1",
			"Deployment | spec.containers[0].env[1].value | quay.io/kubevirt/cdi-importer:v1.58.1",
			"Deployment | spec.containers[0].env[2].value | quay.io/kubevirt/cdi-uploadserver:v1.58.1",
		}},
		"fields of custom resources": {`
kind: EnvoyProxy
metadata: {name: p}
spec:
  provider: {kubernetes: {envoyDeployment: {container: {image: 'envoyproxy/envoy:distroless-v1.38.3'}}}}
  solver: {repository: ghcr.io/k8sgpt-ai/k8sgpt, version: v0.3.8}
  reloader: {imageRepository: acme/reloader, imageTag: 7}
  driver: {repository: nvcr.io/nvidia, image: driver, version: "550.54"}
  pinned: {repository: nvcr.io/nvidia, image: toolkit, version: "sha256:` + sum + `"}
  sidecar: {image: {registry: docker.io, repository: grafana/alloy, tag: v1.9.2}}
  named: {image: {name: redis, tag: 7.2}}
  shutdownManagerImage: envoyproxy/gateway
  baseImage: quay.io/prometheus/prometheus
  extra_images: {one: "a/b:1"}
  images: [c/d:2, none]
  disk: {url: "docker://quay.io/containerdisks/fedora:40"}
status: {image: "old/one:1"}
`, []string{
			"EnvoyProxy p | spec.baseImage | quay.io/prometheus/prometheus",
			"EnvoyProxy p | spec.disk.url | quay.io/containerdisks/fedora:40",
			"EnvoyProxy p | spec.driver.image | nvcr.io/nvidia/driver:550.54",
			"EnvoyProxy p | spec.extra_images.one | a/b:1",
			"EnvoyProxy p | spec.images[0] | c/d:2",
			"EnvoyProxy p | spec.named.image.name | redis:7.2",
			"EnvoyProxy p | spec.pinned.image | nvcr.io/nvidia/toolkit@sha256:" + sum,
			"EnvoyProxy p | spec.provider.kubernetes.envoyDeployment.container.image | envoyproxy/envoy:distroless-v1.38.3",
			"EnvoyProxy p | spec.reloader.imageRepository | acme/reloader:7",
			"EnvoyProxy p | spec.sidecar.image.repository | docker.io/grafana/alloy:v1.9.2",
			"EnvoyProxy p | spec.solver.repository | ghcr.io/k8sgpt-ai/k8sgpt:v0.3.8",
		}},
		"configuration": {`
kind: ConfigMap
metadata: {name: c, namespace: n}
data:
  envoy-gateway.yaml: |
    provider: {kubernetes: {rateLimitDeployment: {container: {image: docker.io/envoyproxy/ratelimit:1e50889b}}}}
  settings.json: '{"scanner": {"image": "ghcr.io/acme/scanner:1"}}'
  trivy.repository: mirror.gcr.io/aquasec/trivy
  trivy.tag: "0.57.1"
  node.collector.imageRef: ghcr.io/aquasecurity/node-collector:0.3.1
  helper: quay.io/acme/helper:2
  script.sh: |
    #!/bin/sh
    image: [not: yaml
  dashboard.json: '{"legendFormat": "{{ image }}", "expr": "rate(x{image!=\"\"}[5m])", "image": "logo.png"}'
`, []string{
			`ConfigMap n/c | data.helper | quay.io/acme/helper:2`,
			`ConfigMap n/c | data["envoy-gateway.yaml"].provider.kubernetes.rateLimitDeployment.container.image | docker.io/envoyproxy/ratelimit:1e50889b`,
			`ConfigMap n/c | data["node.collector.imageRef"] | ghcr.io/aquasecurity/node-collector:0.3.1`,
			`ConfigMap n/c | data["settings.json"].scanner.image | ghcr.io/acme/scanner:1`,
			`ConfigMap n/c | data["trivy.repository"] | mirror.gcr.io/aquasec/trivy:0.57.1`,
		}},
	} {
		got := found(t, test.text)
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// TestPrecision has what looks like a reference and is none.
func TestPrecision(t *testing.T) {
	got := found(t, `
kind: Thing
metadata:
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"image":"a:1"}', image: "true"}
spec:
  image: https://example.com/logo.png
  logoImage: example.com/assets/logo.png
  machineImage: ami-0123456789
  osImage: Ubuntu 22.04.3 LTS
  templateImage: projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts
  imagePullPolicy: Always
  imagePullSecrets: [{name: dockercfg}]
  imageRegistry: quay.io
  version: v1.2.3
  chart: {repository: "https://charts.example.com/x", version: 1.2.3}
  oci: {url: "oci://quay.io/kubermatic/helm-charts", version: 1.2.3}
  github: {repository: kubermatic/kubermatic, tag: v2.31.0}
  etcd: {imageRepository: registry.k8s.io, imageTag: 3.5.0}
  image2: {repository: quay.io/foo/bar}
  imageTime: "12:30"
  module: github.com/acme/tool@v1.2.3
  args:
  - --controller-name=gateway.envoyproxy.io/gatewayclass-controller
  - --register-with-taints=node.cilium.io/agent-not-ready:NoExecute
  - --external-url=http://grafana.monitoring.svc.cluster.local:3000/path
  - --store=minio.minio.svc:9000/bucket:1
  - --resource=monitoring.coreos.com/v1:prometheuses
  - --module=github.com/acme/tool:v1
  - --image-gc-high-threshold=85
  - --image-service-endpoint=unix:///run/containerd/containerd.sock
  - --image=$(IMAGE)
  - --image={{ .Values.image }}
  - --listen=:8080
  - --config=/etc/app/config.yaml:ro
  - node.kubernetes.io/not-ready:NoSchedule
  env:
  - {name: ADDRESS, value: "10.0.0.1:8080"}
  - {name: URL, value: "https://example.com/a:1"}
`)
	if len(got) != 0 {
		t.Error(strings.Join(got, "\n"))
	}
}
