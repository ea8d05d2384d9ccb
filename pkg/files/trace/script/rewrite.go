package script

import (
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// rewriter rewrites one script.
type rewriter struct {
	book     *Book
	file     string
	source   string
	branches []int // that what is rewritten depends on
	err      error // the script makes much of little
}

func (w *rewriter) statements(list []*syntax.Stmt) []*syntax.Stmt {
	for _, s := range list {
		w.statement(s)
	}
	return list
}

// statement rewrites one statement. What runs in the background runs in its place, and
// files are opened as the standard ones only: that is all that the interpreter can.
func (w *rewriter) statement(s *syntax.Stmt) {
	s.Background, s.Coprocess, s.Disown = false, false, false
	s.Redirs = slices.DeleteFunc(s.Redirs, unsupported)
	for _, r := range s.Redirs {
		if r.Op == syntax.RdrClob {
			r.Op = syntax.RdrOut
		}
		w.word(r.Word, true)
		w.word(r.Hdoc, true)
	}
	if s.Cmd != nil {
		s.Cmd = w.command(s.Cmd)
	}
}

// unsupported are redirections that the interpreter does not know, among them those of
// other files than the standard ones. The command counts, not they.
func unsupported(r *syntax.Redirect) bool {
	if r.N != nil && r.N.Value != "0" && r.N.Value != "1" && r.N.Value != "2" {
		return true
	}
	switch r.Op {
	case syntax.RdrIn, syntax.RdrOut, syntax.AppOut, syntax.RdrAll, syntax.AppAll, syntax.RdrClob,
		syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		return false
	case syntax.DplOut:
		return !slices.Contains([]string{"1", "2", "-"}, r.Word.Lit())
	case syntax.DplIn:
		return r.Word.Lit() != "-"
	}
	return true
}

func (w *rewriter) command(c syntax.Command) syntax.Command {
	switch c := c.(type) {
	case *syntax.CallExpr:
		return w.call(c)
	case *syntax.Block:
		c.Stmts = w.statements(c.Stmts)
	case *syntax.Subshell:
		c.Stmts = w.statements(c.Stmts)
	case *syntax.IfClause:
		return w.choice(c)
	case *syntax.WhileClause:
		c.Cond, c.Do = w.statements(c.Cond), w.statements(c.Do)
		return w.loop(c, &c.Do)
	case *syntax.ForClause:
		w.parts(c.Loop, true)
		c.Do = w.statements(c.Do)
		if _, ok := c.Loop.(*syntax.CStyleLoop); ok {
			c.Do = append(c.Do, hidden("true")) // the interpreter would leave it after a failure
		}
		return w.loop(c, &c.Do)
	case *syntax.CaseClause:
		w.cases(c)
	case *syntax.BinaryCmd:
		if c.Op == syntax.AndStmt || c.Op == syntax.OrStmt {
			return w.chain(c)
		}
		w.statement(c.X)
		w.statement(c.Y)
	case *syntax.FuncDecl:
		w.function(c)
	case *syntax.TestClause:
		return w.test(c)
	case *syntax.TimeClause:
		if c.Stmt != nil {
			w.statement(c.Stmt)
		}
	case *syntax.CoprocClause:
		w.statement(c.Stmt)
		return &syntax.Block{Stmts: []*syntax.Stmt{c.Stmt}}
	case *syntax.TestDecl:
		return &syntax.CallExpr{Args: words("true")} // of the language of bats, never run
	default: // arithmetic, declarations
		w.parts(c, true)
	}
	return c
}

// call announces a call with its site.
func (w *rewriter) call(c *syntax.CallExpr) syntax.Command {
	for _, a := range c.Assigns {
		w.parts(a, true)
	}
	if len(c.Args) == 0 {
		return &syntax.Block{Stmts: []*syntax.Stmt{hidden(Weigh), {Cmd: c}}}
	}
	site := Site{
		File: w.file, Line: int(c.Args[0].Pos().Line()), Text: w.text(c.Args[0].Pos(), c.Args[len(c.Args)-1].End()),
		Branches: slices.Clone(w.branches), Fetches: fetches(c.Args),
	}
	first := c.Args[0].Lit()
	for _, a := range c.Args {
		w.word(a, first != "[" && first != "test")
	}
	w.book.Sites = append(w.book.Sites, site)
	c.Args = slices.Concat(words(At, strconv.Itoa(len(w.book.Sites)-1)), c.Args)
	return c
}

// text is a part of the source, on one line.
func (w *rewriter) text(from, to syntax.Pos) string {
	a, b := int(from.Offset()), int(to.Offset()) //nolint:gosec // scripts are small
	if a > b || b > len(w.source) {
		return ""
	}
	return Masked(strings.Join(strings.Fields(strings.ReplaceAll(w.source[a:b], "\\\n", " ")), " "))
}

// function bounds how deep functions call each other.
func (w *rewriter) function(c *syntax.FuncDecl) {
	outside := w.branches
	w.branches = nil
	w.statement(c.Body)
	w.branches = outside
	const depth = "KKP_MIRROR_DEPTH"
	count := &syntax.ArithmExp{X: &syntax.BinaryArithm{Op: syntax.Add, X: words(depth)[0], Y: words("1")[0]}}
	c.Body = &syntax.Stmt{Cmd: &syntax.Block{Stmts: []*syntax.Stmt{
		{Cmd: &syntax.DeclClause{Variant: &syntax.Lit{Value: "local"}, Args: []*syntax.Assign{
			{Name: &syntax.Lit{Value: depth}, Value: &syntax.Word{Parts: []syntax.WordPart{count}}},
		}}},
		{Cmd: &syntax.CallExpr{Args: append(words(Deep), &syntax.Word{Parts: []syntax.WordPart{
			&syntax.ParamExp{Short: true, Param: &syntax.Lit{Value: depth}},
		}})}},
		c.Body,
	}}}
}

// hidden is a call of a command that scripts do not have.
func hidden(name string, args ...string) *syntax.Stmt {
	return &syntax.Stmt{Cmd: &syntax.CallExpr{Args: words(append([]string{name}, args...)...)}}
}

// words makes words of texts that need no quotes.
func words(texts ...string) []*syntax.Word {
	var all []*syntax.Word
	for _, text := range texts {
		all = append(all, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: text}}})
	}
	return all
}
