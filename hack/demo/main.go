// Command demo takes the sample installation of the sandbox offline with the plugin. It calls the
// plugin through kubectl, compares the content of the mirror with the sources, and prints each step.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bin := flag.String("bin", "bin", "directory with the plugin, the sandbox and kubectl")
	cast := flag.String("cast", "", "file to record the demo to, as asciicast v2; empty: none")
	picture := flag.String("picture", "", "file for a picture of the recording, as SVG; empty: none")
	flag.Parse()
	err := runRecorded(ctx, *bin, *cast, os.Stdout)
	if err == nil && *picture != "" {
		err = drawFile(*cast, *picture)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
}

// runRecorded is run with a recording, unless the name of the file is empty.
func runRecorded(ctx context.Context, bin, cast string, out io.Writer) (err error) {
	if cast == "" {
		return run(ctx, bin, out)
	}
	file, err := os.Create(cast)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	recording, err := newRecorder(file)
	if err != nil {
		return err
	}
	return run(ctx, bin, io.MultiWriter(out, recording))
}

// run starts the sandbox, runs the steps, and stops the sandbox.
func run(ctx context.Context, bin string, out io.Writer) (err error) {
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	if err := os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return err
	}
	cache, err := os.MkdirTemp("", "kkp-mirror-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	if err := os.Setenv("XDG_CACHE_HOME", cache); err != nil { // the demo does not use the chart cache of the user
		return err
	}
	fmt.Fprintln(out, "Starting three API servers with a sample KKP, and registries ...")
	var args []string
	if nodesRun(bin) {
		args = append(args, "--runnable")
	}
	sandbox, err := harness.Start(ctx, filepath.Join(bin, "sandbox"), `kubectl kkp-mirror images --all -o name --registry-map "$MAP" 2>/dev/null || test $? = 3`, os.Stderr, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sandbox.Stop()) }()
	d := &demo{out: out, env: append(os.Environ(), sandbox.Environment()...)}
	if err := d.tell(ctx, sandbox); err != nil {
		return err
	}
	if err := d.useMirror(ctx, bin, sandbox); err != nil {
		return err
	}
	return d.showAll(ctx, checking())
}

// demo runs commands and prints them with their output.
type demo struct {
	out io.Writer
	env []string
}

// tell runs all steps.
func (d *demo) tell(ctx context.Context, sandbox *harness.Sandbox) error {
	if err := d.showAll(ctx, mirroring()); err != nil {
		return err
	}
	if err := d.compare(ctx, sandbox.Upstream.Host, sandbox.Registries["plain"].Host+"/kkp"); err != nil {
		return err
	}
	return d.showAll(ctx, patching())
}

// step is a command with its purpose.
type step struct {
	title, command string
	lines          int // lines of output to print
}

// mirroring fills the mirror.
func mirroring() []step {
	return []step{
		{"The KKP installation that kubectl points to", "kubectl get kubermaticconfigurations,seeds -A", 10},
		{"What does it need? ($MAP leads to the stand-in for all public registries)", `kubectl kkp-mirror images --registry-map "$MAP"`, 16},
		{"Why is an image needed?", `kubectl kkp-mirror images --registry-map "$MAP" etcd-launcher`, 10},
		{"What do its Helm releases and applications add?", `kubectl kkp-mirror images --registry-map "$MAP" --source charts,applications`, 10},
		{"What would a copy move?", `kubectl kkp-mirror sync $PLAIN/kkp --registry-map "$MAP" --dry-run`, 8},
		{"Copy it", `kubectl kkp-mirror sync $PLAIN/kkp --registry-map "$MAP"`, 6},
		{"And again: nothing is copied twice", `kubectl kkp-mirror sync $PLAIN/kkp --registry-map "$MAP" 2>/dev/null`, 6},
		{"Is everything there?", `kubectl kkp-mirror verify $PLAIN/kkp --registry-map "$MAP" 2>/dev/null`, 6},
	}
}

// patching points KKP at the mirror. One field is left to the GitOps controller that manages it.
func patching() []step {
	config := `kubectl kkp-mirror patch-config $PLAIN/kkp --except verticalPodAutoscaler.recommender --registry-map "$MAP" -y`
	return []step{
		{"What would change in KKP's configuration? The API server and KKP's webhooks check it", config + " --dry-run=server", 40},
		{"Let KKP pull from the mirror, once it is checked that all images are there", config + " 2>/dev/null", 12},
		{"And the nodes of a datacenter, through a proxy", `kubectl kkp-mirror patch-seed hamburg-vsphere --registry $PLAIN/kkp --plain-http $PLAIN --registry-map "$MAP" --http-proxy http://proxy.example.com:3128 --no-proxy auto -y`, 60},
		{"What would taking it back change?", "kubectl kkp-mirror patch-seed hamburg-vsphere --revert --dry-run=server 2>/dev/null", 8},
	}
}

// checking tells what is left to do. The demo patches one datacenter and no Helm release.
func checking() []step {
	return []step{{"Is the installation ready to live without the internet? What is left has a reason and, where the plugin can help, a command", "kubectl kkp-mirror check --plain-http $PLAIN -q || test $? = 3", 90}}
}

func (d *demo) showAll(ctx context.Context, steps []step) error {
	for _, s := range steps {
		if err := d.show(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// show runs a command and prints it with the first lines of its output.
func (d *demo) show(ctx context.Context, s step) error {
	fmt.Fprintf(d.out, "\n# %s\n$ %s\n", s.title, s.command)
	output, err := d.run(ctx, s.command)
	all := strings.Split(strings.TrimRight(output, "\n"), "\n")
	if err != nil || len(all) <= s.lines {
		fmt.Fprintln(d.out, strings.Join(all, "\n"))
	} else {
		head := all[:s.lines-1]
		fmt.Fprintf(d.out, "%s\n... %d more lines ...\n%s\n", strings.Join(head, "\n"), len(all)-s.lines, all[len(all)-1])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.command, err)
	}
	return nil
}

// run returns the stdout and stderr of a command.
func (d *demo) run(ctx context.Context, command string) (string, error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env, cmd.Stdout, cmd.Stderr = d.env, &output, &output
	err := cmd.Run()
	return output.String(), err
}

// compare compares sources and mirror with another client than the plugin.
func (d *demo) compare(ctx context.Context, upstream, mirror string) error {
	fmt.Fprintln(d.out, "\n# Is the mirror identical to its source, to the last blob?")
	output, err := d.run(ctx, `kubectl kkp-mirror images --registry-map "$MAP" -o name 2>/dev/null`)
	if err != nil {
		return err
	}
	refs := strings.Fields(output)
	for _, ref := range refs {
		if err := harness.Identical(ref, upstream, mirror); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.out, "Yes: %d images, every manifest, config and layer.\n", len(refs))
	return nil
}
