//go:build linux && !race

package worker

import "syscall"

// limit keeps the process from mapping more memory than some bytes: a template can ask for
// much at once, between two looks at the memory. The process breaks down then.
func limit(bytes uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
