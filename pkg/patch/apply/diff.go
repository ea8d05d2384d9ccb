package apply

import (
	"maps"
	"regexp"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Texts are an object before and after, in YAML, without what the server keeps for itself
// and without secrets: those that differ are told apart, and no more.
func Texts(before, after *unstructured.Unstructured) (string, string, error) {
	before, after = legible(before), legible(after)
	mask(before.Object, after.Object, before.GetKind() == "Secret")
	old, err := yaml.Marshal(before.Object)
	if err != nil {
		return "", "", err
	}
	text, err := yaml.Marshal(after.Object)
	return string(old), string(text), err
}

// Diff is a unified diff of two texts, "" if they are equal.
func Diff(name, before, after string) string {
	return string(diff.Diff("live/"+name, []byte(before), "new/"+name, []byte(after)))
}

// legible is a copy without the fields that are for machines.
func legible(object *unstructured.Unstructured) *unstructured.Unstructured {
	object = object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	_ = records{}.write(object) // fails only where there are records
	unstructured.RemoveNestedField(object.Object, "status")
	return object
}

// secret tells whether a field of any object holds credentials.
func secret(key string) bool {
	return slices.Contains([]string{"imagePullSecret", "password", "token"}, key)
}

// mask replaces the secrets in two versions of an object, and whatever an object that is
// a secret as a whole holds as data.
func mask(before, after map[string]any, whole bool) {
	for key := range keys(before, after) {
		oldTable, _ := before[key].(map[string]any)
		newTable, _ := after[key].(map[string]any)
		switch {
		case whole && (key == "data" || key == "stringData"):
			maskAll(oldTable, newTable)
		case oldTable != nil || newTable != nil:
			mask(oldTable, newTable, false)
		default:
			hide(before, after, key, secret(key))
		}
	}
}

func maskAll(before, after map[string]any) {
	for key := range keys(before, after) {
		hide(before, after, key, true)
	}
}

// keys are those of two maps.
func keys(a, b map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// hide hides a value if it is secret, and the password in it if it is a URL.
func hide(before, after map[string]any, key string, whole bool) {
	old, wasText := before[key].(string)
	text, isText := after[key].(string)
	if !wasText && !isText {
		return
	}
	cover := func(text string) string {
		if whole && text != "" {
			return "***"
		}
		return Redact(text)
	}
	hiddenOld, hidden := cover(old), cover(text)
	if wasText && isText && old != text && hiddenOld == hidden {
		hiddenOld, hidden = hiddenOld+" (before)", hidden+" (after)"
	}
	if wasText {
		before[key] = hiddenOld
	}
	if isText {
		after[key] = hidden
	}
}

// password is that in a URL.
var password = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://[^:/@\s]*):[^/\s]*@`)

// Redact hides the password in a URL.
func Redact(text string) string { return password.ReplaceAllString(text, "$1:***@") }
