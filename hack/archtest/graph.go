// Package archtest checks the import rules of a Go module: which packages a package may import, and
// which packages may import a library. It reads source files without build constraints: every file
// counts, except tests. It must not know this project; the rules are a value in its tests.
package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Package is a package of the module.
type Package struct {
	Dir        string // directory in the module, with slashes
	Documented bool   // has a package comment
	Imports    []Import
}

// Import is one import of one file.
type Import struct {
	Path string
	Pos  token.Position
	Uses []string // names that the file uses, sorted
}

// Packages returns the packages of the module with the root fsys, sorted by directory, without tests,
// testdata, hidden directories and nested modules.
func Packages(fsys fs.FS) ([]Package, error) {
	byDir := map[string]*Package{}
	var dirs []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skip(fsys, name)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &Package{Dir: dir}
			dirs = append(dirs, dir)
		}
		return byDir[dir].add(fsys, name)
	})
	slices.Sort(dirs)
	packages := make([]Package, 0, len(dirs))
	for _, dir := range dirs {
		packages = append(packages, *byDir[dir])
	}
	return packages, err
}

func skip(fsys fs.FS, dir string) error {
	if dir == "." {
		return nil
	}
	base := path.Base(dir)
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(fsys, path.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (p *Package) add(fsys fs.FS, name string) error {
	source, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, source, parser.ParseComments)
	if err != nil {
		return err
	}
	p.Documented = p.Documented || file.Doc.Text() != ""
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: %w", positions.Position(spec.Pos()), err)
		}
		p.Imports = append(p.Imports, Import{
			Path: imported,
			Pos:  positions.Position(spec.Pos()),
			Uses: uses(file, localName(spec, imported)),
		})
	}
	return nil
}

// localName returns the name of an import in a file: its explicit name, or the last element of the
// path.
func localName(spec *ast.ImportSpec, imported string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path.Base(imported)
}

// uses returns the names that a file selects from a package.
func uses(file *ast.File, local string) []string {
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == local {
			names = append(names, selector.Sel.Name)
		}
		return true
	})
	slices.Sort(names)
	return slices.Compact(names)
}
