//go:build linux && !race

package worker

import "syscall"

// limit limits the memory that the process can map, because a template can allocate much
// between two checks of the memory in use. Beyond the limit, the process crashes.
func limit(bytes uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: bytes, Max: bytes})
}
