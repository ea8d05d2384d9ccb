package addon

import (
	"fmt"
	"strconv"
	"text/template"
	"text/template/parse"
)

// The functions that instrument puts into templates.
const (
	stepName = "kkpMirrorStep" // where a loop or a recursion begins anew
	showName = "kkpMirrorShow" // where a value is printed
)

// instrument makes the execution of a template bounded. Loops and definitions count their
// rounds, as text/template cannot be stopped otherwise, and values are weighed before
// they are printed.
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

// begin makes a list of nodes begin with a step.
func (i *instrumenter) begin(list *parse.ListNode, line int) {
	step := i.parse(fmt.Sprintf("{{%s %s}}", stepName, i.place(line)))
	if step != nil {
		list.Nodes = append([]parse.Node{step}, list.Nodes...)
	}
}

// show makes an action weigh what it prints.
func (i *instrumenter) show(n *parse.ActionNode) {
	show := i.parse(fmt.Sprintf("{{0 | %s %s}}", showName, i.place(n.Line)))
	if show != nil {
		n.Pipe.Cmds = append(n.Pipe.Cmds, show.Pipe.Cmds[1])
	}
}

// place is where in the files a line is, as a literal.
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
