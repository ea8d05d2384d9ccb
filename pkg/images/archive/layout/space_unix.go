//go:build unix

package layout

import "syscall"

// space returns the free and the total bytes of a directory's file system.
func space(dir string) (free, total int64, known bool) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, 0, false // a write may fail later
	}
	size := int64(stat.Bsize) //nolint:unconvert // other systems have other types
	return int64(stat.Bavail) * size, int64(stat.Blocks) * size, true
}
