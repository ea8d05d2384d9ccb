package scheduler

import "time"

// Queue is a kind of task.
type Queue int

// The queues of a host.
const (
	Small Queue = iota // requests whose cost is one round trip
	Large              // blobs whose cost is their size
)

const (
	defaultJobs  = 8
	smallPerJob  = 4
	largePerJob  = 2
	largestSmall = 256 << 10 // bytes: blobs up to this size count as small requests

	slowEvery  = time.Second // minimum time between two reductions of a host
	leastShare = 1.0 / 32    // lower bound of a reduced limit, as a share of the full limit
	recovery   = 1.0 / 64    // share of the full limit that each success restores
)

// Limits is the concurrency of each host, by queue.
type Limits struct {
	Small, Large int
}

// LimitsFor returns the limits for a number of jobs: twice as many large blobs and four
// times as many small requests for each host. A number that is not positive means 8.
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

// TaskFor returns the task of copying a number of bytes between hosts.
func TaskFor(size int64, hosts ...string) Task {
	t := Task{Hosts: hosts, Size: size}
	if size > largestSmall {
		t.Queue = Large
	}
	return t
}
