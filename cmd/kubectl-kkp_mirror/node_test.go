package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage/pluginimagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/tarfile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// nodeWait bounds how long a node may take to be ready.
const nodeWait = 2 * time.Minute

// TestNode runs the scripts that need a real node. make sandbox says where none can run,
// and why.
func TestNode(t *testing.T) {
	if _, err := os.Stat(filepath.Join(os.Getenv("KKP_MIRROR_BIN"), "sandbox-node")); err != nil {
		if os.Getenv("KKP_MIRROR_REQUIRE_NODES") != "" {
			t.Fatal(err)
		}
		t.Skip("what nodes need was not built; make sandbox says why")
	}
	sandbox := startSandbox(t, "--runnable")
	verbs := commands()
	verbs["node"] = startNode(sandbox)
	verbs["copying"], verbs["plugin"] = copying, podPlugin
	oneByOneWith(t, sandbox, filepath.Join("testdata", "sandbox-node"), verbs)
}

// startNode has a node join a cluster, and waits until it is ready: node [-ca-file FILE]
// [-pull-secret FILE] KUBECONFIG [SETTINGS]. It takes the place of an earlier one, and
// ends with the script.
func startNode(sandbox *harness.Sandbox) func(*testscript.TestScript, bool, []string) {
	var running *harness.Node
	return func(ts *testscript.TestScript, neg bool, args []string) {
		flags := flag.NewFlagSet("node", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		ca, secret := flags.String("ca-file", "", ""), flags.String("pull-secret", "", "")
		if err := flags.Parse(args); err != nil || neg || flags.NArg() < 1 || flags.NArg() > 2 {
			ts.Fatalf("usage: node [-ca-file FILE] [-pull-secret FILE] KUBECONFIG [SETTINGS]")
		}
		options := harness.NodeOptions{Kubeconfig: flags.Arg(0), CAFile: *ca, PullSecret: *secret}
		if flags.NArg() == 2 {
			options.Settings = ts.MkAbs(flags.Arg(1))
		}
		if *secret != "" {
			options.PullSecret = ts.MkAbs(*secret)
		}
		if running != nil {
			ts.Check(running.Stop())
			running = nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), nodeWait)
		defer cancel()
		node, err := sandbox.StartNode(ctx, options, ts.Stderr())
		ts.Check(err)
		running = node
		ts.Defer(func() {
			if running == node {
				running = nil
				ts.Check(node.Stop())
			}
		})
	}
}

// copying waits until a pod copies to a target, and may kill its process: copying [-kill] TARGET.
func copying(ts *testscript.TestScript, neg bool, args []string) {
	kill := len(args) == 2 && args[0] == "-kill"
	if neg || len(args) != 1 && !kill {
		ts.Fatalf("usage: copying [-kill] TARGET")
	}
	begin := []byte("\x00sync\x00" + args[len(args)-1] + "\x00--plan\x00")
	for deadline := time.Now().Add(nodeWait); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		ts.Check(err)
		for _, line := range lines {
			command, err := os.ReadFile(line)
			if err != nil || !bytes.Contains(command, begin) {
				continue
			}
			if !kill {
				return
			}
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
			ts.Check(err)
			ts.Check(syscall.Kill(pid, syscall.SIGKILL))
			return
		}
	}
	ts.Fatalf("no pod copies to %s", args[len(args)-1])
}

// podPlugin puts the plugin that make has built first in PATH, and sets $PLUGIN to the flag with the
// plugin for pods: plugin [-archive]. The test binary is not the plugin here, because the race detector
// links it with libraries, and makes reading and compressing it slow. With -archive, the plugin is in
// an archive as of a release.
func podPlugin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 || len(args) == 1 && args[0] != "-archive" {
		ts.Fatalf("usage: plugin [-archive]")
	}
	dir := os.Getenv("KKP_MIRROR_BIN")
	ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
	ts.Setenv("PLUGIN", "--plugin-archive=")
	if len(args) == 0 {
		return
	}
	content, err := os.ReadFile(filepath.Join(dir, "kubectl-kkp_mirror"))
	ts.Check(err)
	archive := pluginimagetest.Archive(time.Unix(0, 0), tarfile.File{Name: "kubectl-kkp_mirror", Mode: 0o755, Content: content})
	ts.Check(os.WriteFile(ts.MkAbs("plugin.tar.gz"), archive, 0o600))
	ts.Setenv("PLUGIN", "--plugin-archive=plugin.tar.gz")
}
