//go:build unix

package layout

import "syscall"

// space is how much of a directory's file system is free, and how large all of it is, in
// bytes.
func space(dir string) (free, total int64, known bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, 0, false // then writing tells
	}
	size := int64(stat.Bsize) //nolint:unconvert // other systems have other types
	return int64(stat.Bavail) * size, int64(stat.Blocks) * size, true
}
