//go:build !unix

package archives

// room cannot tell here: writing does.
func room(string, int64) error { return nil }
