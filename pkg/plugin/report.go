package plugin

import (
	"encoding/json"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// checkReport returns an error if the file of --report cannot be written; "" is no file. It is
// called before anything is read or copied.
func checkReport(path string) error {
	if err := atomicfile.Check(path); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// writeReport writes the document of a report whole or not at all; "" is no file.
func writeReport(path string, document any) error {
	if path == "" {
		return nil
	}
	data, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, []byte(terminal.Escape(string(data))+"\n"), 0o644); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}
