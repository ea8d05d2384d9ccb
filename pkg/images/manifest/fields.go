package manifest

import (
	"strconv"
	"strings"
)

// inFields returns the reference in a string field, alone or joined with other fields of the same
// map. parent is the key of the map.
func inFields(m map[string]any, parent, key, text string) (string, bool) {
	inImage := isImageName(parent)
	switch {
	case isImageName(key):
		return whole(m, key, text)
	case inImage && (key == "reference" || key == "ref" || key == "default"):
		return text, isLikely(text) // an image volume; the default of a CRD's schema
	case inImage && strings.HasSuffix(strings.ToLower(parent), "images"):
		return text, isLikely(text)
	case inImage && key == "name" && beside(m, "", "tag", "digest") != "":
		return inParts(m, "", text, true)
	}
	stem, ok := cutRepository(key)
	if !ok {
		return "", false
	}
	return inParts(m, stem, text, inImage || isImageName(stem))
}

// whole returns the reference in a field named image: the text, joined with the registry and tag in
// other fields of the map if the text has none.
func whole(m map[string]any, key, text string) (string, bool) {
	ref, ok := parse(text)
	if !ok {
		return "", false
	}
	if ref.tag != "" || ref.digest != "" {
		return text, ref.isLikely()
	}
	repository, _ := m["repository"].(string)
	registry, _ := m["registry"].(string)
	for _, part := range []string{repository, registry} {
		if part != "" && !ref.host {
			text = strings.TrimSuffix(part, "/") + "/" + text
		}
		if joined, ok := parse(text); ok {
			ref = joined
		}
	}
	versions := []string{"tag", "digest"}
	if repository != "" {
		versions = append(versions, "version") // a version alone can belong to anything
	}
	stem, _ := cutSuffix(key, "name")
	for _, at := range []string{stem, ""} {
		if version := beside(m, at, versions...); version != "" {
			return join(text, version), isLikely(join(text, version))
		}
	}
	return text, isLikely(text)
}

// inParts returns the reference in a repository field, joined with a tag, digest or version in other
// fields of the map. A name without a registry counts only if the names of the fields mean an image.
func inParts(m map[string]any, stem, repository string, image bool) (string, bool) {
	versions := []string{"tag", "digest", "sha", "version"}
	version := beside(m, stem, versions...)
	if before, ok := cutSuffix(stem, "image"); version == "" && ok {
		version = beside(m, before, versions...)
	}
	if own, _ := m["image"].(string); version == "" || own != "" {
		return "", false // the field image is joined instead
	}
	if registry, _ := m[stem+"registry"].(string); registry != "" {
		repository = strings.TrimSuffix(registry, "/") + "/" + repository
	}
	ref, ok := parse(repository)
	if !ok || ref.tag != "" || ref.digest != "" || !image && !ref.host || isHost(repository) {
		return "", false
	}
	reference := join(repository, version)
	return reference, isLikely(reference)
}

// beside returns the first field that is set, with the stem before its name: "imageTag" for "image",
// "trivy.tag" for "trivy.", or "tag" alone.
func beside(m map[string]any, stem string, names ...string) string {
	for _, name := range names {
		for _, key := range []string{stem + name, stem + strings.ToUpper(name[:1]) + name[1:]} {
			if text := scalar(m[key]); text != "" {
				return text
			}
		}
	}
	return ""
}

// scalar returns a field as text. Tags such as 1.2 are often written as numbers.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// join adds a tag or digest to a repository. Operators also accept a digest as version.
func join(repository, version string) string {
	if strings.HasPrefix(version, "sha256:") {
		return repository + "@" + version
	}
	return repository + ":" + version
}

// cutRepository returns the part of a key before "repository".
func cutRepository(key string) (string, bool) { return cutSuffix(key, "repository") }

// cutSuffix removes the last word of a key. Before the word is the start, a separator, or a change
// from lower to upper case.
func cutSuffix(key, word string) (string, bool) {
	if len(key) < len(word) || !strings.EqualFold(key[len(key)-len(word):], word) {
		return key, false
	}
	stem := key[:len(key)-len(word)]
	first := key[len(stem)]
	return stem, stem == "" || strings.ContainsRune("._-", rune(stem[len(stem)-1])) || first >= 'A' && first <= 'Z'
}

// isImageName reports whether the name of a key, flag or variable means an image: "image",
// "shutdownManagerImage", "SIDECAR_IMAGE", "node.collector.imageRef", but not "imagePullPolicy".
func isImageName(key string) bool {
	lower := strings.ToLower(key)
	for _, suffix := range []string{"name", "ref", "reference", "url", "uri"} {
		if before, ok := strings.CutSuffix(lower, suffix); ok && strings.HasSuffix(strings.TrimRight(before, "_-."), "image") {
			return true
		}
	}
	return strings.HasSuffix(lower, "image") || strings.HasSuffix(lower, "images") || strings.HasPrefix(lower, "related_image_")
}
