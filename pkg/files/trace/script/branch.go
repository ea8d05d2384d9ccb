package script

import (
	"strconv"

	"mvdan.cc/sh/v3/syntax"
)

// branch returns the number of a new branch.
func (w *rewriter) branch() string {
	w.book.branches++
	return strconv.Itoa(w.book.branches)
}

// inside rewrites what depends on a branch.
func (w *rewriter) inside(branch string, list []*syntax.Stmt) []*syntax.Stmt {
	number, _ := strconv.Atoi(branch) // it is one
	w.branches = append(w.branches, number)
	list = w.statements(list)
	w.branches = w.branches[:len(w.branches)-1]
	return list
}

// choice makes of "if C; then A; else B; fi":
//
//	if mark; C; then other && (B); A; else other && (A); B; fi
func (w *rewriter) choice(c *syntax.IfClause) syntax.Command {
	id := w.branch()
	c.Cond = append([]*syntax.Stmt{hidden(Mark, id)}, w.statements(c.Cond)...)
	then := w.inside(id, c.Then)
	var otherwise []*syntax.Stmt
	switch {
	case c.Else == nil:
	case len(c.Else.Cond) > 0: // elif
		otherwise = w.inside(id, []*syntax.Stmt{{Cmd: c.Else}})
	default:
		otherwise = w.inside(id, c.Else.Then)
	}
	rest := otherwise
	if len(rest) == 0 {
		rest = []*syntax.Stmt{hidden("true")}
	}
	c.Then = append(other(id, otherwise), then...)
	c.Else = &syntax.IfClause{Then: append(other(id, then), rest...)}
	return c
}

// chain makes of "A || B": if mark; A; then other && (B); true; else other; B; fi, and the
// like of "A && B".
func (w *rewriter) chain(c *syntax.BinaryCmd) syntax.Command {
	id := w.branch()
	w.statement(c.X)
	rest := w.inside(id, []*syntax.Stmt{c.Y})
	clause := &syntax.IfClause{Cond: []*syntax.Stmt{hidden(Mark, id), c.X}}
	if c.Op == syntax.OrStmt {
		clause.Then = append(other(id, rest), hidden("true"))
		clause.Else = &syntax.IfClause{Then: append(other(id, nil), rest...)}
		return clause
	}
	clause.Then = append(other(id, nil), rest...)
	clause.Else = &syntax.IfClause{Then: append(other(id, rest), hidden("false"))}
	return clause
}

// other follows a branch that was not taken, in a shell of its own, if it could have been.
func other(id string, branch []*syntax.Stmt) []*syntax.Stmt {
	ask := hidden(Other, id)
	if len(branch) == 0 {
		return []*syntax.Stmt{ask}
	}
	return []*syntax.Stmt{{Cmd: &syntax.BinaryCmd{Op: syntax.AndStmt, X: ask, Y: &syntax.Stmt{Cmd: &syntax.Subshell{Stmts: branch}}}}}
}

// cases follows all cases of a word that is unknown:
//
//	mark; test WORD; other && { (A); (B); }; case WORD in …
func (w *rewriter) cases(c *syntax.CaseClause) {
	w.word(c.Word, false)
	id := w.branch()
	var all []*syntax.Stmt
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			w.word(p, false)
		}
		if item.Stmts = w.inside(id, item.Stmts); len(item.Stmts) > 0 {
			all = append(all, &syntax.Stmt{Cmd: &syntax.Subshell{Stmts: item.Stmts}})
		}
	}
	ask := []*syntax.Stmt{hidden(Mark, id), {Cmd: &syntax.CallExpr{Args: append(words(Test), c.Word)}}}
	ask = append(ask, other(id, all)...)
	// It must be asked before, and nothing can be before a case but in its word.
	c.Word = &syntax.Word{Parts: append([]syntax.WordPart{&syntax.CmdSubst{Stmts: silenced(ask)}}, c.Word.Parts...)}
}

// silenced runs statements without their output.
func silenced(list []*syntax.Stmt) []*syntax.Stmt {
	return []*syntax.Stmt{{
		Cmd:    &syntax.Block{Stmts: list},
		Redirs: []*syntax.Redirect{{Op: syntax.RdrOut, Word: words("/dev/null")[0]}},
	}}
}

// loop counts the rounds of a loop.
func (w *rewriter) loop(c syntax.Command, body *[]*syntax.Stmt) syntax.Command {
	w.book.loops++
	id := strconv.Itoa(w.book.loops)
	*body = append([]*syntax.Stmt{hidden(Round, id)}, *body...)
	return &syntax.Block{Stmts: []*syntax.Stmt{hidden(Loop, id), {Cmd: c}}}
}

// test announces what is compared.
func (w *rewriter) test(c *syntax.TestClause) syntax.Command {
	w.parts(c, false)
	args := words(Test)
	syntax.Walk(c.X, func(n syntax.Node) bool {
		if word, ok := n.(*syntax.Word); ok {
			args = append(args, word)
			return false
		}
		return true
	})
	return &syntax.Block{Stmts: []*syntax.Stmt{{Cmd: &syntax.CallExpr{Args: args}}, {Cmd: c}}}
}
