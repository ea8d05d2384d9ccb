package display

import (
	"encoding/json"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/cli-runtime/pkg/printers"
)

// Document prints a value with apiVersion and kind as an API object.
func Document(out io.Writer, printer printers.ResourcePrinter, document any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	obj := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(data, &obj.Object); err != nil { // keeps integers
		return err
	}
	return printer.PrintObj(obj, out)
}
