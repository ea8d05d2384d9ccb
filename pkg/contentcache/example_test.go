package contentcache_test

import (
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/contentcache"
)

func ExampleCache() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	manifest := []byte(`{"schemaVersion": 2}`)
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(manifest))

	contentcache.New(dir).Put(digest, manifest)

	// A later run has the same directory.
	cache := contentcache.New(dir)
	fmt.Printf("%s\n", cache.Get(digest))

	// Content with another digest is not kept.
	other := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("other")))
	cache.Put(other, manifest)
	fmt.Println(cache.Get(other) == nil)
	// Output:
	// {"schemaVersion": 2}
	// true
}
