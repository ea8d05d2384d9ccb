package addon

import "time"

// Limits of rendering.
const (
	maxSteps    = 200_000          // rounds of loops in all renderings of an addon
	maxOutput   = 16 << 20         // bytes of a rendering
	maxTime     = 20 * time.Second // of an addon
	maxRendered = 30_000           // groups of clusters that a file tells apart
)

// Limits of what a template may do. KKP's own addons stay far below.
const (
	maxValue   = 1 << 20  // of a value, in bytes; an element of a list or map counts for more than its own
	maxElement = 64       // is what it counts for
	maxProduct = 64 << 20 // of the two largest arguments, as a function may put one into each byte of the other
	maxNumber  = 100_000  // how often something is repeated
	maxPairs   = 2_000    // elements, where a function compares each with each
	maxNested  = 100
)

// Limits of a directory of addons. KKP's own has 4 MiB in a hundred files.
const (
	maxFile  = 4 << 20
	maxFiles = 128 << 20
	maxCount = 20_000
)
