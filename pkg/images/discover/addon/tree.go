package addon

import (
	"errors"
	"slices"
)

// node is a decision: what a template asks next, after it got certain answers; or, at
// the end, what it renders to. See docs/adr/0020.
type node struct {
	question question
	children map[string]*node // by answer; nil: nothing is known yet, or this is the end
	end      *rendered
}

// step is a question with its answer.
type step struct {
	question question
	answer   string
}

// grow adds the steps that a rendering took below a node that nothing was known of.
func (n *node) grow(steps []step, end *rendered) {
	for _, s := range steps {
		n.question = s.question
		next := &node{}
		n.children = map[string]*node{s.answer: next}
		n = next
	}
	n.end = end
}

// walk calls visit for each group of clusters that a template cannot tell apart. render
// renders for one cluster; it is called once for each such group. path is what was
// answered on the way to the node.
func (n *node) walk(path []step, clusters ClusterSet, render func(ClusterSet) ([]step, *rendered), visit func(ClusterSet, *rendered)) {
	if n.end == nil && n.children == nil {
		steps, end := render(clusters.one())
		if !begins(steps, path) {
			if end.err == nil {
				end = &rendered{err: errors.New("it asks other questions when it is rendered again")}
			}
			steps = path
		}
		n.grow(steps[len(path):], end)
	}
	if n.end != nil {
		visit(clusters, n.end)
		return
	}
	for _, p := range clusters.split(n.question) {
		child := n.children[p.answer]
		if child == nil {
			child = &node{}
			n.children[p.answer] = child
		}
		child.walk(append(slices.Clip(path), step{n.question, p.answer}), p.clusters, render, visit)
	}
}

// begins reports whether steps begin with a path.
func begins(steps, path []step) bool {
	return len(steps) >= len(path) && slices.EqualFunc(steps[:len(path)], path, func(a, b step) bool {
		return a.question.about == b.question.about && a.question.text == b.question.text && a.answer == b.answer
	})
}
