package addon

import "time"

// Limits of rendering.
const (
	maxSteps    = 200_000          // loop iterations in all renderings of an addon
	maxOutput   = 16 << 20         // bytes of one rendering
	maxTime     = 20 * time.Second // for all renderings of an addon
	maxRendered = 30_000           // groups of clusters for which a file differs
)

// Limits of values in templates. KKP's own addons stay far below.
const (
	maxValue   = 1 << 20  // bytes of a value; each element of a list or map adds maxElement
	maxElement = 64       // bytes added for each element
	maxProduct = 64 << 20 // product of the two largest arguments: a function can insert one at each byte of the other
	maxNumber  = 100_000  // repetitions
	maxPairs   = 2_000    // elements of a list, if a function compares each with each
	maxNested  = 100
)

// Limits of a directory of addons. KKP's directory has 4 MiB in a hundred files.
const (
	maxFile  = 4 << 20
	maxFiles = 128 << 20
	maxCount = 20_000
)
