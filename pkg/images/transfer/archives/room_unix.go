//go:build unix

package archives

import "syscall"

// room returns an error if a directory has not enough free space.
func room(dir string, size int64) error {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return nil //nolint:nilerr // then writing tells
	}
	if free := int64(stat.Bavail) * int64(stat.Bsize); size > free { //nolint:unconvert // other systems have other types
		return &FullError{Dir: dir, Need: size, Free: free}
	}
	return nil
}
