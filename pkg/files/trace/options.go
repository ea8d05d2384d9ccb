package trace

import (
	"slices"
	"strings"
)

// options are the arguments of a command, read as most commands do: short ones may stand
// together, the last of them with its value; "--" ends them.
type options struct {
	values map[string][]string // by the name with its dashes
	rest   []string
}

// parse reads options. Those in short (letters) and long (names, with dashes) have values.
func parse(args []string, short string, long ...string) options {
	o := options{values: map[string][]string{}}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			o.rest = append(o.rest, args[i+1:]...)
			return o
		case strings.HasPrefix(a, "--"):
			name, value, has := strings.Cut(a, "=")
			if !has && slices.Contains(long, name) && i+1 < len(args) {
				i++
				value = args[i]
			}
			o.values[name] = append(o.values[name], value)
		case len(a) > 1 && a[0] == '-':
			if o.letters(a[1:], short, following(args, i)) {
				i++
			}
		default:
			o.rest = append(o.rest, a)
		}
	}
	return o
}

// following is the argument after one, "" if it is the last.
func following(args []string, i int) string {
	if i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// letters reads options of one letter each that stand together, and tells whether the next
// argument belongs to the last of them.
func (o options) letters(letters, valued, next string) bool {
	for i, r := range letters {
		name := "-" + string(r)
		if !strings.ContainsRune(valued, r) {
			o.values[name] = append(o.values[name], "")
			continue
		}
		if rest := letters[i+len(string(r)):]; rest != "" {
			o.values[name] = append(o.values[name], rest)
			return false
		}
		o.values[name] = append(o.values[name], next)
		return true
	}
	return false
}

// get returns the last value of an option, by any of its names.
func (o options) get(names ...string) string {
	for _, name := range names {
		if v := o.values[name]; len(v) > 0 {
			return v[len(v)-1]
		}
	}
	return ""
}

// has tells whether an option is there, by any of its names.
func (o options) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return len(o.values[name]) > 0 })
}
