package addon

import (
	"fmt"
	"strconv"
	"text/template"
	"text/template/parse"
)

// The functions that instrument adds to templates.
const (
	stepName = "kkpMirrorStep" // at the start of a loop iteration or definition
	showName = "kkpMirrorShow" // before a value is printed
)

// instrument bounds the execution of a template. It adds a counter to loops and definitions,
// because text/template has no other way to stop, and a check of the size of printed values.
func instrument(t *template.Template) error {
	if t.Tree == nil || t.Root == nil {
		return nil
	}
	i := instrumenter{tree: t.Tree}
	i.list(t.Root)
	i.begin(t.Root, 1)
	return i.err
}

type instrumenter struct {
	tree *parse.Tree
	err  error
}

func (i *instrumenter) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				i.show(n)
			}
		case *parse.IfNode:
			i.branch(&n.BranchNode)
		case *parse.WithNode:
			i.branch(&n.BranchNode)
		case *parse.RangeNode:
			i.branch(&n.BranchNode)
			i.begin(n.List, n.Line)
		}
	}
}

func (i *instrumenter) branch(n *parse.BranchNode) {
	i.list(n.List)
	i.list(n.ElseList)
}

// begin adds a step at the start of a list of nodes.
func (i *instrumenter) begin(list *parse.ListNode, line int) {
	step := i.parse(fmt.Sprintf("{{%s %s}}", stepName, i.place(line)))
	if step != nil {
		list.Nodes = append([]parse.Node{step}, list.Nodes...)
	}
}

// show adds the check of the size to an action.
func (i *instrumenter) show(n *parse.ActionNode) {
	show := i.parse(fmt.Sprintf("{{0 | %s %s}}", showName, i.place(n.Line)))
	if show != nil {
		n.Pipe.Cmds = append(n.Pipe.Cmds, show.Pipe.Cmds[1])
	}
}

// place returns file and line as a string literal.
func (i *instrumenter) place(line int) string {
	return strconv.Quote(fmt.Sprintf("%s:%d", i.tree.ParseName, line))
}

func (i *instrumenter) parse(text string) *parse.ActionNode {
	known := map[string]any{stepName: true, showName: true}
	trees, err := parse.Parse("limit", text, "", "", known)
	if err != nil {
		i.err = err
		return nil
	}
	action, ok := trees["limit"].Root.Nodes[0].(*parse.ActionNode)
	if !ok {
		return nil
	}
	return action
}
