package registry

import "testing"

func TestMayBePlain(t *testing.T) {
	r := New(Config{PlainHTTP: []string{"registry.lan:5000"}})
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "a.localhost:1": true, "127.0.0.1:5000": true, "127.0.0.2": true, "[::1]:5000": true,
		"registry.lan:5000": true, "registry.lan": false, "10.0.0.1:5000": false, "quay.io": false,
	} {
		if got := r.mayBePlain(host); got != want {
			t.Errorf("%s: got %t", host, got)
		}
	}
}
