package mask

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// maxDocument is the maximum size in bytes of a text that is parsed as a document. Larger
// texts are masked line by line.
const maxDocument = 1 << 20

// documents masks texts that are documents, as in ConfigMaps and annotations. A text
// without credentials is not changed.
func (m masker) documents(before, after string) (old, fresh string, ok bool) {
	if m.depth >= maxDepth {
		return "", "", false
	}
	oldValue, wasDocument := document(before)
	newValue, isDocument := document(after)
	if !wasDocument && !isDocument || before != "" && !wasDocument || after != "" && !isDocument {
		return "", "", false
	}
	maskedOld, masked := masker{m.depth + 1}.value(oldValue, newValue, plain)
	return rewritten(before, oldValue, maskedOld), rewritten(after, newValue, masked), true
}

// document parses a text that is a map or a list in JSON or YAML.
func document(text string) (any, bool) {
	trimmed := strings.TrimSpace(text)
	switch {
	case len(text) > maxDocument,
		strings.HasPrefix(trimmed, "[") && !json.Valid([]byte(text)), // a section of an INI file
		!strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") && !strings.Contains(trimmed, "\n"):
		return nil, false
	}
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, false
	}
	switch value.(type) {
	case map[string]any, []any:
		return value, true
	}
	return nil, false
}

// rewritten returns the text of a masked document, in its original format.
func rewritten(text string, value, masked any) string {
	if text == "" || equal(value, masked) {
		return text
	}
	data, err := json.Marshal(masked)
	if err == nil && !json.Valid([]byte(text)) {
		data, err = yaml.Marshal(masked)
	}
	if err != nil {
		return Hidden
	}
	return string(data)
}

func equal(a, b any) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(x, y)
}

// inText masks credentials that are recognized in any text.
func inText(text string) string {
	text = urls().ReplaceAllString(text, "$1:"+Hidden+"@")
	text = privateKeys().ReplaceAllString(text, "$1 "+Hidden)
	if !strings.ContainsAny(text, "=:") {
		return text
	}
	settings := settings()
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if found := settings.FindStringSubmatch(line); found != nil && secretName(found[2]) {
			lines[i] = found[1] + Hidden
		}
	}
	return strings.Join(lines, "\n")
}

// urls matches the passwords in URLs.
func urls() *regexp.Regexp {
	return regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^:/@\s"']*):[^/\s"']*@`)
}

// privateKeys matches private keys in PEM.
func privateKeys() *regexp.Regexp {
	return regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`)
}

// settings matches lines that set a field: password = x, --token=x, "secret": "x", export
// API_KEY=x.
func settings() *regexp.Regexp {
	return regexp.MustCompile(`^(\s*(?:export\s+|- )?-*["']?([A-Za-z_][\w.-]*)(?:["']\s*:\s*|["']?\s*(?::\s+|:?=>?\s*))["']?)[^\s"'{\[]+.*$`)
}
