package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// nodesRun tells whether make sandbox has built what a node needs.
func nodesRun(bin string) bool {
	_, err := os.Stat(filepath.Join(bin, "sandbox-node"))
	return err == nil
}

// useMirror starts a node with the settings of its datacenter, and pods on it.
func (d *demo) useMirror(ctx context.Context, bin string, sandbox *harness.Sandbox) (err error) {
	if !nodesRun(bin) {
		fmt.Fprintln(d.out, "\nThe last part is left out: no node can run here. make sandbox says why.")
		return nil
	}
	settings, err := d.run(ctx, `kubectl get seed hamburg -n kubermatic -o 'jsonpath={.spec.datacenters.hamburg-vsphere.node}'`)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kkp-mirror-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "settings.json")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\n# A new node of the user cluster kd7x2mq4nz joins, with these settings as operating-system-manager writes them ...")
	node, err := sandbox.StartNode(ctx, harness.NodeOptions{Kubeconfig: sandbox.Clusters["kd7x2mq4nz"], Settings: file}, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Stop()) }() //nolint:contextcheck // the node is removed after an interrupt as well
	return d.showAll(ctx, pulling())
}

// pulling starts pods on a node that reaches only the mirror.
func pulling() []step {
	return []step{
		{"It is a real one: kubelet, containerd, runc", "kubectl get nodes --kubeconfig $SHOP -o custom-columns=NODE:.metadata.name,KUBELET:.status.nodeInfo.kubeletVersion,RUNTIME:.status.nodeInfo.containerRuntimeVersion", 3},
		{
			"Pods with images of public registries start, while the node reaches only the mirror",
			"kubectl label namespace default sandbox.kkp-mirror.dev/live=true --kubeconfig $SHOP >/dev/null && " +
				"kubectl run prober --image quay.io/kubermatic/http-prober:v0.5.1 --kubeconfig $SHOP && " +
				"kubectl run etcd --image registry.k8s.io/etcd:3.5.21-0 --kubeconfig $SHOP && " +
				"kubectl wait --for=condition=Ready pod/prober pod/etcd --timeout=120s --kubeconfig $SHOP", 6,
		},
		{"On which node, and from which image?", "kubectl get pods --kubeconfig $SHOP -o custom-columns=POD:.metadata.name,NODE:.spec.nodeName,STATE:.status.phase,IMAGE:.spec.containers[0].image", 4},
	}
}
