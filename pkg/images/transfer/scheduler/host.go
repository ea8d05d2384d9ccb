package scheduler

import (
	"fmt"
	"strings"
	"time"
)

const (
	slowEvery  = time.Second // a host is slowed down no more often
	leastShare = 1.0 / 32
	recovery   = 1.0 / 64 // what each success gives back
)

// host is what one host gets.
type host struct {
	running [2]int // by lane
	share   float64
	slowed  time.Time
	quiet   time.Time // nothing starts before
}

func (s *Scheduler) host(name string) *host {
	h, ok := s.hosts[name]
	if !ok {
		h = &host{share: 1}
		s.hosts[name] = h
	}
	return h
}

func (h *host) limit(limits Limits, lane Lane) int {
	return max(1, int(float64(limits.of(lane))*h.share))
}

// group holds the tasks that want the same: only the first of them needs to be looked at.
type group struct {
	lane  Lane
	hosts []*host
	tasks []*Task
}

func (s *Scheduler) group(t *Task) *group {
	key := fmt.Sprint(t.Lane, " ", strings.Join(t.Hosts, " "))
	g, ok := s.groups[key]
	if !ok {
		g = &group{lane: t.Lane}
		for _, name := range t.Hosts {
			g.hosts = append(g.hosts, s.host(name))
		}
		s.groups[key] = g
	}
	return g
}

// before tells whether a task goes before another one.
func before(a, b *Task) bool {
	if a.Lane != b.Lane {
		return a.Lane == Small
	}
	if a.Lane == Bulk && a.Size != b.Size {
		return a.Size > b.Size
	}
	return a.order < b.order
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (g *group) Len() int           { return len(g.tasks) }
func (g *group) Less(i, j int) bool { return before(g.tasks[i], g.tasks[j]) }

func (g *group) Swap(i, j int) {
	g.tasks[i], g.tasks[j] = g.tasks[j], g.tasks[i]
	g.tasks[i].index, g.tasks[j].index = i, j
}

func (g *group) Push(x any) {
	t := x.(*Task)
	t.index = len(g.tasks)
	g.tasks = append(g.tasks, t)
}

func (g *group) Pop() any {
	last := len(g.tasks) - 1
	t := g.tasks[last]
	g.tasks[last] = nil
	g.tasks = g.tasks[:last]
	t.index = -1
	return t
}
