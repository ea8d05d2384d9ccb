package script

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// word rewrites the parts of a word. With unset, a variable that is not set is unknown:
// it comes from the node.
func (w *rewriter) word(word *syntax.Word, unset bool) {
	if word != nil {
		w.parts(word, unset)
	}
}

// parts rewrites what is in words below a node. Commands in them are rewritten as such.
func (w *rewriter) parts(n syntax.Node, unset bool) {
	if n == nil {
		return
	}
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Word:
			w.weigh(n)
			for i, part := range n.Parts {
				if p, ok := part.(*syntax.ProcSubst); ok {
					n.Parts[i] = w.process(p)
				}
			}
		case *syntax.CmdSubst:
			if !n.TempFile && !n.ReplyVar {
				n.Stmts = w.statements(n.Stmts)
			}
			return false
		case *syntax.ArithmExp:
			w.parts(n.X, false)
			return false
		case *syntax.ParamExp:
			if unset {
				fromNode(n)
			}
		}
		return true
	})
}

// weigh notes an error if a word makes too much of little.
func (w *rewriter) weigh(word *syntax.Word) {
	variables, made := 0, 1
	syntax.Walk(word, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp:
			variables++
		case *syntax.Lit:
			if strings.Contains(n.Value, "{") {
				for _, found := range regexp.MustCompile(`\{([^{}]*)\}`).FindAllStringSubmatch(n.Value, -1) {
					made = min(made*expansions(found[1]), maxWords+1)
				}
			}
		case *syntax.CmdSubst:
			return false
		}
		return true
	})
	if made > maxWords || variables > maxVariables {
		w.err = fmt.Errorf("%s:%d: a word that becomes more than %d, or has more than %d variables", w.file, word.Pos().Line(), maxWords, maxVariables)
	}
}

// expansions is how many words {…} makes at most.
func expansions(inside string) int {
	from, to, ok := strings.Cut(inside, "..")
	if !ok {
		return strings.Count(inside, ",") + 1
	}
	to, _, _ = strings.Cut(to, "..")
	a, err1 := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	switch {
	case err1 != nil || err2 != nil:
		return 100 // letters
	case max(a, b)-min(a, b) < 0 || max(a, b)-min(a, b) > maxWords:
		return maxWords + 1
	}
	return max(a, b) - min(a, b) + 1
}

// process makes of <(A) the name of a file with the output of A, and of >(A) a file that
// nobody reads: the interpreter would use files of this machine for them.
func (w *rewriter) process(p *syntax.ProcSubst) *syntax.CmdSubst {
	run := &syntax.Stmt{Cmd: &syntax.Block{Stmts: p.Stmts}}
	if len(p.Stmts) == 0 {
		run.Cmd = &syntax.CallExpr{Args: words("true")}
	}
	var list []*syntax.Stmt
	if p.Op == syntax.CmdOut {
		run.Redirs = []*syntax.Redirect{{Op: syntax.RdrAll, Word: words("/dev/null")[0]}}
		list = []*syntax.Stmt{run, {Cmd: &syntax.CallExpr{Args: words("echo", "/dev/null")}}}
	} else {
		list = []*syntax.Stmt{{Cmd: &syntax.BinaryCmd{Op: syntax.Pipe, X: run, Y: hidden(Store)}}}
	}
	return &syntax.CmdSubst{Stmts: list} // walked next, and rewritten then
}

// fromNode makes of $NAME, if it is not set, something unknown. ${NAME-…} and the like say
// themselves what is then.
func fromNode(p *syntax.ParamExp) {
	if p.Param == nil || !syntax.ValidName(p.Param.Value) || p.Excl || p.Length || p.Index != nil || p.Slice != nil || p.Repl != nil || p.Exp != nil || p.Names != 0 {
		return
	}
	if slices.Contains([]string{"RANDOM", "SRANDOM", "SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "PPID"}, p.Param.Value) {
		p.Param = &syntax.Lit{Value: "KKP_MIRROR_UNKNOWN"} // other each time
	}
	p.Short = false
	p.Exp = &syntax.Expansion{Op: syntax.DefaultUnset, Word: words(Value("$" + p.Param.Value))[0]}
}
