package manifest

import (
	"strconv"
	"strings"
)

// inFields returns the reference that a string field holds, alone or with the fields
// beside it. parent is the key that the fields stand under.
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

// whole is the reference in a field that is called image: the text, with the tag that
// stands beside it if it has none, in the repository that stands beside it.
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
		versions = append(versions, "version") // alone, it may be that of anything
	}
	stem, _ := cutSuffix(key, "name")
	for _, at := range []string{stem, ""} {
		if version := beside(m, at, versions...); version != "" {
			return join(text, version), isLikely(join(text, version))
		}
	}
	return text, isLikely(text)
}

// inParts is the reference that is written as a repository with a tag, a digest or a
// version beside it. A name without a registry is only an image's if the fields say so.
func inParts(m map[string]any, stem, repository string, image bool) (string, bool) {
	versions := []string{"tag", "digest", "sha", "version"}
	version := beside(m, stem, versions...)
	if before, ok := cutSuffix(stem, "image"); version == "" && ok {
		version = beside(m, before, versions...)
	}
	if own, _ := m["image"].(string); version == "" || own != "" {
		return "", false // if there is an image, too, it is the one that is put together
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

// beside returns the first of some fields that is set, written after the stem:
// "imageTag" after "image", "trivy.tag" after "trivy.", "tag" alone.
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

// scalar is a field as text: a tag that looks like a number is often written as one.
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

// join adds a tag or digest to a repository. Operators take a digest as version, too.
func join(repository, version string) string {
	if strings.HasPrefix(version, "sha256:") {
		return repository + "@" + version
	}
	return repository + ":" + version
}

// cutRepository returns what is before "repository" in a key.
func cutRepository(key string) (string, bool) { return cutSuffix(key, "repository") }

// cutSuffix cuts the last word of a key. Before it is nothing, a separator, or a change
// from lower to upper case.
func cutSuffix(key, word string) (string, bool) {
	if len(key) < len(word) || !strings.EqualFold(key[len(key)-len(word):], word) {
		return key, false
	}
	stem := key[:len(key)-len(word)]
	first := key[len(stem)]
	return stem, stem == "" || strings.ContainsRune("._-", rune(stem[len(stem)-1])) || first >= 'A' && first <= 'Z'
}

// isImageName reports whether a key, a flag or a variable is called image, or is one:
// "image", "shutdownManagerImage", "SIDECAR_IMAGE", "node.collector.imageRef". It is not
// if it only has to do with images, as "imagePullPolicy".
func isImageName(key string) bool {
	lower := strings.ToLower(key)
	for _, suffix := range []string{"name", "ref", "reference", "url", "uri"} {
		if before, ok := strings.CutSuffix(lower, suffix); ok && strings.HasSuffix(strings.TrimRight(before, "_-."), "image") {
			return true
		}
	}
	return strings.HasSuffix(lower, "image") || strings.HasSuffix(lower, "images") || strings.HasPrefix(lower, "related_image_")
}
