package scheduler

import (
	"fmt"
	"strings"
	"time"
)

// host is the state of one host.
type host struct {
	running [2]int // by queue
	share   float64
	slowed  time.Time
	quiet   time.Time // no task starts before
}

func (s *Scheduler) host(name string) *host {
	h, ok := s.hosts[name]
	if !ok {
		h = &host{share: 1}
		s.hosts[name] = h
	}
	return h
}

func (h *host) limit(limits Limits, queue Queue) int {
	return max(1, int(float64(limits.of(queue))*h.share))
}

// group holds tasks with the same hosts and queue. Only the first task must be checked.
type group struct {
	queue Queue
	hosts []*host
	tasks []*Task
}

func (s *Scheduler) group(t *Task) *group {
	key := fmt.Sprint(t.Queue, " ", strings.Join(t.Hosts, " "))
	g, ok := s.groups[key]
	if !ok {
		g = &group{queue: t.Queue}
		for _, name := range t.Hosts {
			g.hosts = append(g.hosts, s.host(name))
		}
		s.groups[key] = g
	}
	return g
}

// before reports whether a starts before b.
func before(a, b *Task) bool {
	if a.Queue != b.Queue {
		return a.Queue == Small
	}
	if a.Queue == Large && a.Size != b.Size {
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
