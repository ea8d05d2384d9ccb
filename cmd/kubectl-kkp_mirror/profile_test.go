package main

import (
	"encoding/json"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// copyProfile copies a CustomOperatingSystemProfile of the master's namespace kubermatic into a user
// cluster, as KKP does: copyprofile NAME KUBECONFIG.
func copyProfile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copyprofile NAME KUBECONFIG")
	}
	ts.Check(ts.Exec("kubectl", "get", "customoperatingsystemprofile", args[0], "-n", "kubermatic", "-o", "json"))
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	text, err := json.Marshal(map[string]any{
		"apiVersion": object["apiVersion"], "kind": "OperatingSystemProfile",
		"metadata": map[string]any{"name": args[0], "namespace": "kube-system"}, "spec": object["spec"],
	})
	ts.Check(err)
	file := ts.MkAbs("copied-profile.json")
	ts.Check(os.WriteFile(file, text, 0o600))
	ts.Check(ts.Exec("kubectl", "apply", "--kubeconfig", args[1], "-f", file))
}
