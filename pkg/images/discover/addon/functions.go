package addon

import (
	"fmt"
	"strings"
	"text/template"

	"github.com/Masterminds/semver/v3"
	"github.com/Masterminds/sprig/v3"
	"github.com/distribution/reference"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/templates"
)

// functions returns the functions that KKP offers to templates: sprig's functions and KKP's own
// (kubermatic pkg/addon/addon.go, v2.31.0). Registry exists until KKP 2.30. Functions that depend on
// the machine, the time or random numbers return an empty or constant value.
func (e *engine) functions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	for name, function := range templates.Tamed() {
		functions[name] = function
	}
	functions["Image"] = e.image
	functions["Registry"] = func(registry string) string { return registry }
	functions["join"] = strings.Join
	functions["semverCompare"] = semverCompare
	// Functions of text/template whose results can be large; they are guarded, too.
	functions["print"], functions["println"], functions["printf"] = fmt.Sprint, fmt.Sprintln, printf
	functions["html"], functions["js"], functions["urlquery"] = template.HTMLEscaper, template.JSEscaper, template.URLQueryEscaper
	for name, function := range functions {
		functions[name] = e.guarded(name, function)
	}
	functions[stepName], functions[showName] = e.step, e.show
	return functions
}

// image records a reference and returns it with its registry, as KKP does without overwriteRegistry
// (kubermatic pkg/resources/registry/registry.go, v2.31.0).
func (e *engine) image(text string) (string, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", text, err)
	}
	e.run.images = append(e.run.images, named.String())
	return named.String(), nil
}

// semverCompare takes its arguments in the opposite order of sprig's function. It returns false for
// an invalid version or constraint.
func semverCompare(subject, constraint any) bool {
	constraints, ok := constraint.(*semver.Constraints)
	if text, isText := constraint.(string); isText {
		parsed, err := semver.NewConstraint(text)
		constraints, ok = parsed, err == nil
	}
	if !ok {
		return false
	}
	switch v := subject.(type) {
	case version:
		return v.satisfies(constraints.String(), constraints)
	case *semver.Version:
		return constraints.Check(v)
	case string:
		parsed, err := semver.NewVersion(v)
		return err == nil && constraints.Check(parsed)
	}
	return false
}

// printf is fmt.Sprintf with bounded widths: "%9999999d" would return ten megabytes.
func printf(format string, args ...any) (string, error) {
	digits := 0
	for _, r := range format {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '*':
			return "", fmt.Errorf("printf %q: widths from arguments are not supported", format)
		default:
			digits = 0
		}
		if digits > 4 {
			return "", fmt.Errorf("printf %q: the width is too large", format)
		}
	}
	return fmt.Sprintf(format, args...), nil
}
