package addon

import (
	"maps"
	"slices"
)

// ClusterSet is a set of user clusters: every combination of Kubernetes version, provider and CNI,
// with every combination of the settings that are not in Settings.
type ClusterSet struct {
	Kubernetes []string // "1.34.9"
	Providers  []string // "aws"
	CNI        []string // "canal v3.31"
	Settings   map[string]bool
}

// one returns the first cluster of the set. Settings that are not fixed are off.
func (s ClusterSet) one() ClusterSet {
	return ClusterSet{Kubernetes: s.Kubernetes[:1], Providers: s.Providers[:1], CNI: s.CNI[:1], Settings: s.Settings}
}

func (s ClusterSet) empty() bool {
	return len(s.Kubernetes) == 0 || len(s.Providers) == 0 || len(s.CNI) == 0
}

// question is a question of a template about a cluster. A template learns only the answers, so two
// clusters with the same answers render to the same text.
type question struct {
	about  subject
	text   string                    // identifies the question; for settings, the name of the setting
	answer func(value string) string // computes the answer from the value of the subject; nil for settings
}

// subject is the subject of a question.
type subject int

const (
	aboutKubernetes subject = iota
	aboutProvider
	aboutCNI
	aboutSetting
)

// part is the clusters of a set that have the same answer.
type part struct {
	answer   string
	clusters ClusterSet
}

// split divides the set by the answers, in the order of the first cluster with each answer.
func (s ClusterSet) split(q question) []part {
	if q.about == aboutSetting {
		return s.splitSetting(q.text)
	}
	var parts []part
	for _, value := range *s.values(q.about) {
		answer := q.answer(value)
		i := slices.IndexFunc(parts, func(p part) bool { return p.answer == answer })
		if i < 0 {
			i = len(parts)
			narrowed := s
			*narrowed.values(q.about) = nil
			parts = append(parts, part{answer, narrowed})
		}
		values := parts[i].clusters.values(q.about)
		*values = append(*values, value)
	}
	return parts
}

// values returns the values of a subject other than settings.
func (s *ClusterSet) values(about subject) *[]string {
	switch about {
	case aboutProvider:
		return &s.Providers
	case aboutCNI:
		return &s.CNI
	default:
		return &s.Kubernetes
	}
}

const (
	on  = "on"
	off = "off"
)

func (s ClusterSet) splitSetting(setting string) []part {
	if fixed, ok := s.Settings[setting]; ok {
		return []part{{onOff(fixed), s}}
	}
	return []part{{off, s.with(setting, false)}, {on, s.with(setting, true)}}
}

// with returns the set with a setting fixed.
func (s ClusterSet) with(setting string, value bool) ClusterSet {
	settings := maps.Clone(s.Settings)
	if settings == nil {
		settings = map[string]bool{}
	}
	settings[setting] = value
	s.Settings = settings
	return s
}

func onOff(value bool) string {
	if value {
		return on
	}
	return off
}
