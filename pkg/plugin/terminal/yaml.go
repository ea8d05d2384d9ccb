package terminal

import (
	"bytes"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
)

// YAMLPrinter converts the output of a JSON printer to YAML.
type YAMLPrinter struct {
	JSON    printers.ResourcePrinter
	printed int
}

// PrintObj implements printers.ResourcePrinter.
func (p *YAMLPrinter) PrintObj(obj runtime.Object, out io.Writer) error {
	var document bytes.Buffer
	if err := p.JSON.PrintObj(obj, &document); err != nil {
		return err
	}
	text, err := YAML(document.Bytes())
	if err != nil {
		return err
	}
	if p.printed++; p.printed > 1 {
		text = append([]byte("---\n"), text...)
	}
	_, err = out.Write(text)
	return err
}
