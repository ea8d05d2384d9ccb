package mirror_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
)

func ExampleCopy() {
	// A server has a copy of https://example.com.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "the content of ", r.URL.Path)
	}))
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	items := []files.Item{{URL: "https://example.com/v1/setup.sh", Path: "example.com/v1/setup.sh"}}
	results, err := mirror.Copy(context.Background(), dir, items, mirror.Options{
		Client: server.Client(), Jobs: 2,
		Maps: []mirror.Map{{From: "https://example.com", To: server.URL}},
	})
	for _, result := range results {
		content, _ := os.ReadFile(filepath.Join(dir, result.Path))
		fmt.Printf("%s %s: %s\n", result.Outcome, result.Path, content)
	}
	fmt.Println(err)
	// Output:
	// copied example.com/v1/setup.sh: the content of /v1/setup.sh
	// <nil>
}
