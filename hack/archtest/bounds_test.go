package archtest

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBounds compares the bounds in SECURITY.md with those of the code.
func TestBounds(t *testing.T) {
	text, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| [^|]+ \\| ([0-9,]+) ?(min|s|MiB|GiB)?[^|]* \\| `([a-z/]+)\\.(\\w+)` \\|$").FindAllStringSubmatch(string(text), -1)
	if want := strings.Count(string(text), "| `pkg/"); len(rows) != want || want == 0 {
		t.Errorf("%d of %d bounds are readable", len(rows), want)
	}
	for _, row := range rows {
		number, unit, dir, name := strings.ReplaceAll(row[1], ",", ""), row[2], row[3], row[4]
		want, err := evaluate(number + map[string]string{"": "", "s": " * 1_000_000_000", "min": " * 60_000_000_000", "MiB": " << 20", "GiB": " << 30"}[unit])
		if err != nil {
			t.Fatal(err)
		}
		got, err := bound(filepath.Join("../..", dir), name)
		switch {
		case err != nil:
			t.Error(err)
		case !constant.Compare(got, token.EQL, want):
			t.Errorf("%s.%s is %s in the code, and %s %s in SECURITY.md", dir, name, got, row[1], unit)
		}
	}
}

// bound returns the value of a constant of a package.
func bound(dir, name string) (constant.Value, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, file, source, 0)
		if err != nil {
			return nil, err
		}
		if object := tree.Scope.Lookup(name); object != nil && object.Kind == ast.Con {
			if spec, ok := object.Decl.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				value := spec.Values[0]
				return evaluate(string(source[fset.Position(value.Pos()).Offset:fset.Position(value.End()).Offset]))
			}
		}
	}
	return nil, fmt.Errorf("there is no constant %s in %s", name, path.Clean(dir))
}

// evaluate returns the value of a constant expression, which may have units of time.
func evaluate(expression string) (constant.Value, error) {
	for unit, nanoseconds := range map[string]string{"time.Second": "1_000_000_000", "time.Minute": "60_000_000_000"} {
		expression = strings.ReplaceAll(expression, unit, nanoseconds)
	}
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, expression)
	return value.Value, err
}
