package addon

import "slices"

// trace answers the questions of one rendering, and records them.
type trace struct {
	clusters ClusterSet // the first cluster of the set is rendered
	steps    []step
}

// ask returns the answer to a question.
func (t *trace) ask(q question) string {
	i := slices.IndexFunc(t.steps, func(s step) bool { return s.question.about == q.about && s.question.text == q.text })
	if i >= 0 {
		return t.steps[i].answer
	}
	answer := t.clusters.split(q)[0].answer
	t.steps = append(t.steps, step{q, answer})
	return answer
}

// tells returns the subjects of the questions.
func (t *trace) tells() DependsOn {
	var tells DependsOn
	for _, s := range t.steps {
		switch s.question.about {
		case aboutKubernetes:
			tells.Kubernetes = true
		case aboutProvider:
			tells.Provider = true
		case aboutCNI:
			tells.CNI = true
		}
	}
	return tells
}

// is reports whether a setting is on.
func (t *trace) is(setting string) bool {
	return t.ask(question{about: aboutSetting, text: setting}) == on
}

// value asks for the value of a subject.
func (t *trace) value(about subject) string {
	return t.ask(question{about: about, text: "value", answer: func(value string) string { return value }})
}
