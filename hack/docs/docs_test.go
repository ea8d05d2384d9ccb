package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func sample() *cobra.Command {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{
		Use:         "kubectl-kkp_mirror",
		Short:       "Mirror things",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: caller},
	}
	root.PersistentFlags().String("context", "", "the kubeconfig's context")
	sync := &cobra.Command{
		Use:     "sync TARGET",
		Short:   "Copy things",
		Long:    "Copies things to TARGET.",
		Example: "\n  # Copy all.\n  kubectl kkp-mirror sync registry.example\n",
		Run:     run,
	}
	sync.Flags().Int("jobs", 4, "how many at a time")
	root.AddCommand(sync, &cobra.Command{Use: "secret", Hidden: true, Run: run})
	return root
}

const wantSync = "<!-- Written by make docs from the command itself. -->\n" + `# kubectl kkp-mirror sync

Copies things to TARGET.

## Usage

~~~
kubectl kkp-mirror sync TARGET [flags]
~~~

## Examples

~~~
# Copy all.
kubectl kkp-mirror sync registry.example
~~~

## Flags

~~~
--jobs int   how many at a time (default 4)
~~~

## Global Flags

~~~
--context string   the kubeconfig's context
~~~

## See also

- [kubectl kkp-mirror](kubectl_kkp-mirror.md): Mirror things
`

func TestReference(t *testing.T) {
	pages, err := reference(sample())
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(pages))
	if want := []string{"kubectl_kkp-mirror.md", "kubectl_kkp-mirror_sync.md"}; !slices.Equal(names, want) {
		t.Fatalf("pages are %q, want %q", names, want)
	}
	if got, want := string(pages[names[1]]), strings.ReplaceAll(wantSync, "~~~", "```"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(pages[names[0]]); !strings.Contains(got, "- [kubectl kkp-mirror sync](kubectl_kkp-mirror_sync.md): Copy things\n") {
		t.Errorf("no link to sync:\n%s", got)
	}
}

func TestReferenceNeedsKubectl(t *testing.T) {
	root := sample()
	root.Annotations = nil
	if _, err := reference(root); err == nil {
		t.Error("a page that does not begin with kubectl was accepted")
	}
}

func TestWriteAndCompare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "reference")
	pages := map[string][]byte{"a.md": []byte("a"), "b.md": []byte("b")}
	if err := compare(dir, pages); err == nil || !strings.Contains(err.Error(), "a.md is missing") {
		t.Errorf("empty directory: %v", err)
	}
	if err := write(dir, pages); err != nil {
		t.Fatal(err)
	}
	if err := compare(dir, pages); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.md"), []byte("B"), 0o644); err != nil {
		t.Fatal(err)
	}
	delete(pages, "a.md")
	err := compare(dir, pages)
	if err == nil || !strings.Contains(err.Error(), "b.md is out of date, a.md is of no command") {
		t.Errorf("changed directory: %v", err)
	}
	if err := write(dir, pages); err != nil {
		t.Fatal(err)
	}
	if err := compare(dir, pages); err != nil {
		t.Error(err)
	}
}
