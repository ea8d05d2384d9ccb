package manifestdiff

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// Difference is a text that differs between two renderings. A missing text is "".
type Difference struct {
	Object string `json:"object"` // "Deployment dex/dex"
	Path   string `json:"path"`   // "spec.template.metadata.annotations[\"checksum/config\"]", "" for the whole object
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

func (c Difference) String() string { return strings.TrimSpace(c.Object + " " + c.Path) }

// Differences compares objects by kind, namespace and name.
func Differences(before, after []map[string]any) []Difference {
	olds, news := identified(before), identified(after)
	var d differ
	for _, name := range slices.Sorted(maps.Keys(olds)) {
		d.object = strings.TrimRight(name, "'")
		d.secret = strings.HasPrefix(name, "Secret ")
		if fresh, ok := news[name]; ok {
			d.compare("", olds[name], fresh)
		} else {
			d.add("", "present", "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(news)) {
		if _, ok := olds[name]; !ok {
			d.object = strings.TrimRight(name, "'")
			d.add("", "", "present")
		}
	}
	return d.changes
}

// identified returns objects by kind, namespace and name, with the items of lists.
func identified(objects []map[string]any) map[string]map[string]any {
	found := map[string]map[string]any{}
	for _, object := range objects {
		if items, ok := object["items"].([]any); ok && strings.HasSuffix(fmt.Sprint(object["kind"]), "List") {
			var inner []map[string]any
			for _, item := range items {
				if table, ok := item.(map[string]any); ok {
					inner = append(inner, table)
				}
			}
			for name, item := range identified(inner) {
				found[distinct(found, name)] = item
			}
			continue
		}
		found[distinct(found, identity(object))] = object
	}
	return found
}

// distinct adds a mark to a name that another object has.
func distinct(found map[string]map[string]any, name string) string {
	for found[name] != nil {
		name += "'"
	}
	return name
}

// identity returns the name of an object as in manifest.Hit.
func identity(object map[string]any) string {
	metadata, _ := object["metadata"].(map[string]any)
	text := func(of map[string]any, key string) string { s, _ := of[key].(string); return s }
	id := text(metadata, "name")
	if id == "" {
		id = text(metadata, "generateName")
	}
	if namespace := text(metadata, "namespace"); namespace != "" && id != "" {
		id = namespace + "/" + id
	}
	return strings.TrimSpace(text(object, "kind") + " " + id)
}

// differ collects the differences of one object.
type differ struct {
	object  string
	secret  bool
	changes []Difference
}

func (d *differ) add(path, before, after string) {
	d.changes = append(d.changes, Difference{Object: d.object, Path: strings.TrimPrefix(path, "."), Before: before, After: after})
}

func (d *differ) compare(path string, before, after any) {
	switch old := before.(type) {
	case map[string]any:
		if fresh, ok := after.(map[string]any); ok {
			d.tables(path, old, fresh)
			return
		}
	case []any:
		if fresh, ok := after.([]any); ok && len(old) == len(fresh) {
			for i := range old {
				d.compare(fmt.Sprintf("%s[%d]", path, i), old[i], fresh[i])
			}
			return
		}
	case string:
		if fresh, ok := after.(string); ok {
			d.texts(path, old, fresh)
			return
		}
	}
	if old, fresh := written(before), written(after); old != fresh {
		d.add(path, old, fresh)
	}
}

func (d *differ) tables(path string, before, after map[string]any) {
	keys := slices.Collect(maps.Keys(before))
	keys = slices.AppendSeq(keys, maps.Keys(after))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		d.compare(path+segment(key), before[key], after[key])
	}
}

// texts compares texts. Texts that are YAML or JSON documents, as in ConfigMaps, are compared
// field by field.
func (d *differ) texts(path, before, after string) {
	if before == after {
		return
	}
	if d.secret && strings.HasPrefix(path, ".data") {
		old, err := base64.StdEncoding.DecodeString(before)
		fresh, err2 := base64.StdEncoding.DecodeString(after)
		if err == nil && err2 == nil {
			before, after = string(old), string(fresh)
		}
	}
	known := len(d.changes)
	if olds, news := documents(before), documents(after); olds != nil && len(olds) == len(news) {
		for i := range olds {
			d.compare(path, olds[i], news[i])
		}
	}
	if len(d.changes) == known {
		d.add(path, before, after)
	}
}

// documents returns the YAML or JSON objects in a text, nil if the text has anything else.
func documents(text string) []map[string]any {
	if !strings.Contains(text, "\n") && !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil
	}
	objects, err := manifest.Decode([]byte(text))
	if err != nil {
		return nil
	}
	return objects
}

// written returns a value as text.
func written(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// segment returns a key as an element of a path, as in manifest.Hit.
func segment(key string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	if key != "" && strings.IndexFunc(key, func(r rune) bool { return !plain(r) }) < 0 {
		return "." + key
	}
	return fmt.Sprintf("[%q]", key)
}
