// Package infile changes the objects of an installation in files, before there is a cluster to
// change them in. It knows which object is where in which file; it must not know which fields a
// mirror needs, nor how YAML is edited: packages patch and yamltext do.
package infile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/yamltext"
)

// Files are YAML and JSON files with objects.
type Files struct{ files []*file }

type file struct {
	name    string
	text    *yamltext.File
	objects []*unstructured.Unstructured // by document, nil for what is no object
}

// Read reads files, and the files of directories whose names end in .yaml, .yml or .json; "-"
// is stdin. A List is refused: its items cannot be told apart in a text.
func Read(names []string, recursive bool, stdin io.Reader) (*Files, error) {
	found := &Files{}
	for _, name := range names {
		if err := found.read(name, recursive, stdin); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (f *Files) read(name string, recursive bool, stdin io.Reader) error {
	if name == "-" {
		return f.add("standard input", stdin)
	}
	if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
		return fmt.Errorf("%s: files are patched on this machine; download the file first", name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return f.readDirectory(name, recursive)
	}
	opened, err := os.Open(name)
	if err != nil {
		return err
	}
	defer opened.Close()
	return f.add(name, opened)
}

func (f *Files) readDirectory(name string, recursive bool) error {
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(name, entry.Name())
		if entry.IsDir() && recursive || !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) {
			if err := f.read(path, recursive, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// add parses a file.
func (f *Files) add(name string, content io.Reader) error {
	text, err := bounded.ReadAll(content, yamlbound.MaxBytes)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := yamlbound.Check(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	parsed := &file{name: name, text: yamltext.Parse(text)}
	for document := range parsed.text.Len() {
		object, err := parsed.object(document)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		parsed.objects = append(parsed.objects, object)
	}
	f.files = append(f.files, parsed)
	return nil
}

func (f *file) object(document int) (*unstructured.Unstructured, error) {
	raw, err := f.text.JSON(document)
	if err != nil || string(raw) == "null" {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	if object.IsList() {
		return nil, errors.New("a List cannot be patched as a text; put its items into documents of their own")
	}
	return object, nil
}

// Objects are all objects, in the order of files and documents.
func (f *Files) Objects() []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, file := range f.files {
		for _, object := range file.objects {
			if object != nil {
				objects = append(objects, object)
			}
		}
	}
	return objects
}

// Get returns an object, nil if no file has it.
func (f *Files) Get(kind, name string) *unstructured.Unstructured {
	for _, object := range f.Objects() {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	return nil
}

// Put puts a whole object in place of the one with its kind, namespace and name, or, if no file has
// it, behind the last file. changed reports whether the object is another one than before. comment is
// for an object that no file has.
func (f *Files) Put(object *unstructured.Unstructured, comment string) (changed bool, err error) {
	text, err := yaml.Marshal(object.Object)
	if err != nil {
		return false, err
	}
	for _, file := range f.files {
		for document, present := range file.objects {
			if present == nil || present.GetKind() != object.GetKind() || present.GetNamespace() != object.GetNamespace() || present.GetName() != object.GetName() {
				continue
			}
			if same, err := equal(present, object); same || err != nil {
				return false, err
			}
			file.text.Replace(document, text)
			file.objects[document] = object
			return true, nil
		}
	}
	added := &file{name: "new", text: yamltext.Parse(append([]byte("# "+comment+"\n"), text...)), objects: []*unstructured.Unstructured{object}}
	f.files = append(f.files, added)
	return true, nil
}

// equal compares objects as JSON: numbers have other types in files than elsewhere.
func equal(a, b *unstructured.Unstructured) (bool, error) {
	textA, errA := json.Marshal(a.Object)
	textB, errB := json.Marshal(b.Object)
	return bytes.Equal(textA, textB), errors.Join(errA, errB)
}

// Set sets the fields of objects, and returns those that changed: "seed.kubermatic.k8c.io/one
// spec.x". missing names the objects that no file has.
func (f *Files) Set(objects []patch.Object) (changed []string, missing []patch.Object, err error) {
	for _, object := range objects {
		if len(object.Edits) == 0 {
			continue
		}
		if f.Get(object.Kind, object.Name) == nil {
			missing = append(missing, object)
			continue
		}
		for _, file := range f.files {
			fields, err := file.set(object)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %s %s: %w", file.name, object.Kind, object.Name, err)
			}
			changed = append(changed, fields...)
		}
	}
	return changed, missing, nil
}

func (f *file) set(object patch.Object) ([]string, error) {
	var changed []string
	for document, present := range f.objects {
		if present == nil || present.GetKind() != object.Kind || present.GetName() != object.Name {
			continue
		}
		for _, edit := range object.Edits {
			before := f.text.Text()
			if err := f.text.Set(document, edit.Path, edit.Value); err != nil {
				return nil, err
			}
			if string(before) != string(f.text.Text()) {
				changed = append(changed, apply.Name(present)+" "+edit.Path.String())
			}
		}
	}
	return changed, nil
}

// Write writes all files, one after the other.
func (f *Files) Write(out io.Writer) error {
	for i, file := range f.files {
		text := string(file.text.Text())
		if i > 0 && !strings.HasPrefix(text, "---") {
			text = "---\n" + text
		}
		if i < len(f.files)-1 && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	return nil
}
