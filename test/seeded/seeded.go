// Package seeded returns reproducible random numbers for tests: a test that fails prints
// its seed. It must not know the tests.
package seeded

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
)

// Variable is the environment variable that sets the seed of all random tests.
const Variable = "KKP_MIRROR_TEST_SEED"

// New returns random numbers for a test. They are safe for concurrent use; the same seed
// gives the same sequence, but not the same assignment to goroutines.
func New(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(Variable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", Variable, err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to run it again: %s=%d", Variable, seed)
		}
	})
	return rand.New(&locked{source: rand.NewPCG(seed, 0)})
}

type locked struct {
	mu     sync.Mutex
	source rand.Source
}

// Uint64 implements rand.Source.
func (l *locked) Uint64() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Uint64()
}
