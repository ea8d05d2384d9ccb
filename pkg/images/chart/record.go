package chart

import (
	"maps"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// recordKey is the key of the values with the upstream names that nothing else tells: repository in
// the mirror → upstream repository. No template reads the key.
const recordKey = "kkp-mirror.dev/upstream"

// Record returns values that record upstream names, by the names in the mirror, without tags.
func Record(upstream map[string]string) map[string]any {
	if len(upstream) == 0 {
		return nil
	}
	names := map[string]any{}
	for name, source := range upstream {
		names[name] = source
	}
	return map[string]any{recordKey: names}
}

// recorded splits the user's values into the recorded upstream names and the other values. Every
// client that may write Secrets can write a record, so an entry counts only if its key is the name
// of a copy of the upstream repository.
func recorded(config map[string]any) (upstream map[string]string, other map[string]any) {
	if _, ok := config[recordKey]; !ok {
		return nil, config
	}
	other = maps.Clone(config)
	delete(other, recordKey)
	upstream = map[string]string{}
	names, _ := config[recordKey].(map[string]any)
	for name, value := range names {
		source, _ := value.(string)
		if !isRepository(name) || !isRepository(source) {
			continue
		}
		if original, ok := copiedFrom(name, source); ok && original == source {
			upstream[name] = source
		}
	}
	return upstream, other
}

// isRepository reports whether a text is a repository with its registry, and without tag and digest.
func isRepository(text string) bool {
	ref, err := images.ParseRef(text)
	return err == nil && ref.Name() == text
}
