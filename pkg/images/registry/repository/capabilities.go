package repository

import "sync"

// answer is the state of knowledge about one capability.
type answer int

const (
	unknown answer = iota
	yes
	no
)

// ignoredMounts is the number of ignored mounts after which a registry counts as unable to
// mount.
const ignoredMounts = 2

// Capabilities holds what a run has learned about a target registry. The zero value knows
// nothing. It is safe for concurrent use.
type Capabilities struct {
	mu      sync.Mutex
	self    answer // a mount from the blob's own repository reports whether the blob exists
	cross   answer // mounts from other repositories work
	sparse  answer // an index may refer to missing manifests
	ignored int    // number of ignored mounts
}

func (c *Capabilities) get(of *answer) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *of
}

func (c *Capabilities) set(of *answer, to answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*of = to
}

// TakesSparse reports whether an index may refer to missing manifests. It is true while
// unknown.
func (c *Capabilities) TakesSparse() bool { return c.get(&c.sparse) != no }

// RefusesSparse records that an index must not refer to missing manifests.
func (c *Capabilities) RefusesSparse() { c.set(&c.sparse, no) }

// ignoredMount records a mount that the registry ignored.
func (c *Capabilities) ignoredMount() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ignored++; c.ignored >= ignoredMounts && c.cross == unknown {
		c.cross = no
	}
}
