package display

import (
	"fmt"
	"io"
)

// ObjectResult is the result of a change of an object.
type ObjectResult struct {
	Name    string // such as "seed.kubermatic.k8c.io/frankfurt"
	Outcome string // such as "patched"
	DryRun  string // the kind of dry run, such as "server dry run"; "": the change was made
}

// The outcomes of changes.
const (
	Patched   = "patched"
	Reverted  = "reverted"
	Unchanged = "unchanged"
	Deleted   = "deleted"
	Created   = "created"
)

// Objects prints a line for each object, in the form of kubectl.
func Objects(out io.Writer, results []ObjectResult) {
	for _, result := range results {
		line := result.Name + " " + result.Outcome
		if result.DryRun != "" && result.Outcome != Unchanged {
			line += " (" + result.DryRun + ")"
		}
		fmt.Fprintln(out, line)
	}
}
