package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// notReady wants a CheckReport to have findings that are not ready in exactly these sections: notready
// FILE SECTION...
func notReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: notready FILE SECTION...")
	}
	var r check.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	var sections []string
	for _, group := range r.Sections {
		if slices.ContainsFunc(group.Findings, func(f check.Finding) bool { return f.Status == check.StatusNotReady }) {
			sections = append(sections, string(group.Section))
		}
	}
	if !slices.Equal(sections, args[1:]) {
		ts.Fatalf("sections that are not ready: %q", sections)
	}
}

// takeBack writes a block of turns for each finding configuration.field of a CheckReport, which a command
// has mended since: the block removes the field, and restores its present value: takeback FILE OUT.
func takeBack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: takeback FILE OUT")
	}
	var blocks []string
	for _, f := range findingsIn(ts, ts.ReadFile(args[0])) {
		if f.ID != "configuration.field" {
			continue
		}
		kind, name, _ := strings.Cut(f.Subject, " ")
		name, path, _ := strings.Cut(name, " ")
		ts.Check(ts.Exec("kubectl", "get", kind, name, "-n", "kubermatic", "-o", "json"))
		var object map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
		value := apply.ParsePath(path).Lookup(object)
		if value == nil {
			ts.Fatalf("%s is not set", f.Subject)
		}
		blocks = append(blocks, fmt.Sprintf("do: %s\nnot ready %s %s $\nundo: %s", setField(ts, kind, name, path, nil), f.ID, f.Subject, setField(ts, kind, name, path, value)))
	}
	if len(blocks) == 0 {
		ts.Fatalf("%s has no finding configuration.field", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(blocks, "\n\n")+"\n"), 0o600))
}

// setField is a command that sets a field as the plugin does; nil removes the field.
func setField(ts *testscript.TestScript, kind, name, path string, value any) string {
	keys := apply.ParsePath(path)
	for _, key := range slices.Backward(keys) {
		value = map[string]any{key: value}
	}
	text, err := json.Marshal(value)
	ts.Check(err)
	return fmt.Sprintf("kubectl patch %s %s -n kubermatic --field-manager kubectl-kkp-mirror --type merge -p '%s'", kind, name, text)
}
