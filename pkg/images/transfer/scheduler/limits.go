package scheduler

import "time"

// Queue is the kind of a task.
type Queue int

// The queues of a host.
const (
	Small Queue = iota // requests whose cost is the round trip
	Large              // blobs whose cost is their bytes
)

const (
	defaultJobs  = 8
	smallPerJob  = 4
	largePerJob  = 2
	largestSmall = 256 << 10 // bytes: a blob up to this size counts as a small request

	slowEvery  = time.Second // a host is slowed down no more often
	leastShare = 1.0 / 32    // of the limits, for a host that was slowed down
	recovery   = 1.0 / 64    // what each success gives back
)

// Limits is how many tasks of a queue each host has at once.
type Limits struct {
	Small, Large int
}

// LimitsFor returns the limits for a number of jobs: twice as many large blobs, and four
// times as many small requests, for each host. It is 8 if it is not positive.
func LimitsFor(jobs int) Limits {
	if jobs <= 0 {
		jobs = defaultJobs
	}
	return Limits{Small: smallPerJob * jobs, Large: largePerJob * jobs}
}

func (l Limits) of(queue Queue) int {
	if queue == Large {
		return max(1, l.Large)
	}
	return max(1, l.Small)
}

// TaskFor is the place that moving some bytes between hosts takes.
func TaskFor(size int64, hosts ...string) Task {
	t := Task{Hosts: hosts, Size: size}
	if size > largestSmall {
		t.Queue = Large
	}
	return t
}
