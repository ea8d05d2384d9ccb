package repository

import "sync"

// answer is what is known of one capability.
type answer int

const (
	unknown answer = iota
	yes
	no
)

// ignoredMounts is after how many mounts that were passed over a registry counts as one
// that cannot mount.
const ignoredMounts = 2

// Capabilities is what was learned about a registry that is written to. The zero value
// knows nothing. It is safe for concurrent use.
type Capabilities struct {
	mu      sync.Mutex
	self    answer // a mount of a blob from its own repository tells whether it is there
	cross   answer // a mount from another repository works
	sparse  answer // an index may refer to what is not there
	ignored int    // mounts that were passed over
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

// TakesSparse tells whether an index may refer to what is not there, as far as is known.
func (c *Capabilities) TakesSparse() bool { return c.get(&c.sparse) != no }

// RefusesSparse notes that an index must not refer to what is not there.
func (c *Capabilities) RefusesSparse() { c.set(&c.sparse, no) }

// ignoredMount notes a mount that was passed over.
func (c *Capabilities) ignoredMount() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ignored++; c.ignored >= ignoredMounts && c.cross == unknown {
		c.cross = no
	}
}
