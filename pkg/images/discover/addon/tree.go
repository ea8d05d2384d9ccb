package addon

import (
	"errors"
	"slices"
)

// node is a node of the decision tree of a template: its next question after the answers on the
// path, or, at a leaf, the result of rendering. See docs/adr/0020.
type node struct {
	question question
	children map[string]*node // by answer; nil: unknown, or a leaf
	end      *rendered
}

// step is a question with its answer.
type step struct {
	question question
	answer   string
}

// grow adds the steps of a rendering below an unknown node.
func (n *node) grow(steps []step, end *rendered) {
	for _, s := range steps {
		n.question = s.question
		next := &node{}
		n.children = map[string]*node{s.answer: next}
		n = next
	}
	n.end = end
}

// walk calls visit for each group of clusters for which the template cannot differ. render renders
// for one cluster, and is called once for each group. path has the answers on the path to the node.
func (n *node) walk(path []step, clusters ClusterSet, render func(ClusterSet) ([]step, *rendered), visit func(ClusterSet, *rendered)) {
	if n.end == nil && n.children == nil {
		steps, end := render(clusters.one())
		if !begins(steps, path) {
			if end.err == nil {
				end = &rendered{err: errors.New("the addon renders differently when the same input is rendered again")}
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
