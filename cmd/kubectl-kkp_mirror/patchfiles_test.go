package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// TestPatchedFilesDifferInTheirFields patches files as an admin has them: the fields that the command names change, and
// nothing else. A second run changes nothing.
func TestPatchedFilesDifferInTheirFields(t *testing.T) {
	for name, files := range configurations(t) {
		for _, release := range []string{"v2.31.0 ce", "v2.31.0 ee", "v2.28.13 ce"} {
			version, edition, _ := strings.Cut(release, " ")
			patched, said := patchFiles(t, version, edition, files...)
			var original bytes.Buffer
			for i, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if i > 0 {
					original.WriteString("---\n")
				}
				original.Write(text)
			}
			named := map[string]bool{}
			for _, field := range regexp.MustCompile(`(?m)^  (\w+\.kubermatic\.k8c\.io/\S+ spec\.\S+)$`).FindAllStringSubmatch(said, -1) {
				named[field[1]] = true
			}
			if diff := cmp.Diff(named, differences(leaves(t, original.Bytes()), leaves(t, patched))); diff != "" || len(named) == 0 {
				t.Errorf("%s %s: %d fields are named; named and changed: %s", name, release, len(named), diff)
			}
			for line := range strings.Lines(original.String()) {
				if strings.Contains(line, "#") && !strings.Contains(string(patched), line[strings.Index(line, "#"):]) {
					t.Errorf("%s %s: the comment is lost: %s", name, release, line)
				}
			}
			again := filepath.Join(t.TempDir(), "patched.yaml")
			if err := os.WriteFile(again, patched, 0o600); err != nil {
				t.Fatal(err)
			}
			second, said := patchFiles(t, version, edition, again)
			if !bytes.Equal(second, patched) || !strings.Contains(said, "nothing to do") {
				t.Errorf("%s %s: a second run changes: %s", name, release, cmp.Diff(string(patched), string(second)))
			}
		}
	}
}

// patchFiles runs patch-config on files, and returns what it prints and says.
func patchFiles(t *testing.T, version, edition string, files ...string) ([]byte, string) {
	t.Helper()
	args := []string{"patch-config", "registry.corp.example/kkp", "--kkp-version", version, "--edition", edition, "--skip-verify"}
	for _, file := range files {
		args = append(args, "-f", file)
	}
	command := exec.CommandContext(t.Context(), "kubectl-kkp_mirror", args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, stderr.String())
	}
	return stdout.Bytes(), stderr.String()
}

// leaves are the values in the objects of a text: "seed.kubermatic.k8c.io/one spec.x.y".
func leaves(t *testing.T, text []byte) map[string]any {
	t.Helper()
	found := map[string]any{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		addLeaves(found, fmt.Sprintf("%s.%s/%s ", strings.ToLower(object.GetKind()), object.GroupVersionKind().Group, object.GetName()), object.Object)
	}
}

func addLeaves(found map[string]any, path string, value any) {
	fields, isMap := value.(map[string]any)
	if !isMap {
		found[path] = value
		return
	}
	for key, inner := range fields {
		if !strings.HasSuffix(path, " ") {
			key = "." + key
		}
		addLeaves(found, path+key, inner)
	}
}

// differences are the paths at which two sets of values differ.
func differences(a, b map[string]any) map[string]bool {
	found := map[string]bool{}
	for _, path := range slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b)) {
		if !reflect.DeepEqual(a[path], b[path]) {
			found[path] = true
		}
	}
	return found
}
