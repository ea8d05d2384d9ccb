package manifest

import (
	"strconv"
	"strings"
)

// argument searches one string of a list: a flag with its value in any list, or a value alone in
// the arguments of a container.
func (w *walker) argument(key string, items []any, i int) {
	text, _ := items[i].(string)
	segment := "[" + strconv.Itoa(i) + "]"
	arguments := key == "args" || key == "command"
	flag, value, assigned := strings.Cut(text, "=")
	switch {
	case strings.HasPrefix(text, "-") && assigned && !strings.ContainsAny(flag, " \n"):
		w.flag(flag, unquote(value), segment)
	case !arguments:
	case strings.ContainsAny(text, " \n"):
		w.script(text, segment)
	case i > 0 && isFlag(items[i-1]):
		w.flag(items[i-1].(string), text, segment)
	case isCertain(text):
		w.hit(text, segment)
	}
}

// flag searches the value of a flag. A flag for images can have several.
func (w *walker) flag(flag, value, segment string) {
	if !takesImage(flag) {
		if isCertain(value) {
			w.hit(value, segment)
		}
		return
	}
	for part := range strings.SplitSeq(value, ",") {
		if isLikely(part) {
			w.hit(part, segment)
		}
	}
}

// takesImage reports whether a flag is for an image: by its name, or because it is a known flag
// (prometheus-operator, cmd/operator/main.go).
func takesImage(flag string) bool {
	flag = strings.TrimLeft(flag, "-")
	return isImageName(flag) || flag == "prometheus-config-reloader"
}

// isFlag reports whether an item of a list is a flag without its value.
func isFlag(item any) bool {
	text, _ := item.(string)
	return strings.HasPrefix(text, "-") && !strings.ContainsAny(text, "= \n")
}

// script searches the flags in a command line for a shell.
func (w *walker) script(text, segment string) {
	for _, word := range strings.Fields(text) {
		flag, value, assigned := strings.Cut(word, "=")
		if strings.HasPrefix(flag, "-") && assigned {
			w.flag(flag, unquote(value), segment)
		}
	}
}

// variable searches an environment variable, or another map with name and value.
func (w *walker) variable(m map[string]any) {
	name, named := m["name"].(string)
	value, set := m["value"].(string)
	if named && set && (isImageName(name) && isLikely(value) || isCertain(value)) {
		w.hit(value, ".value")
	}
}

func unquote(s string) string { return strings.Trim(s, `"'\`) }
