package safehttp_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

func ExampleNew() {
	client := safehttp.NewClient(safehttp.New(http.DefaultTransport, safehttp.Policy{}))
	req, err := http.NewRequest(http.MethodGet, "http://registry.example.com/v2/", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.SetBasicAuth("user", "password")

	// This policy allows no credentials over plain HTTP, so nothing is sent.
	resp, err := client.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	var refused *safehttp.ClearTextError
	if errors.As(err, &refused) {
		fmt.Println("refused for", refused.Host)
	}
	// Output: refused for registry.example.com
}
