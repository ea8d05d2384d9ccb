package waiting_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/waiting"
)

func ExampleWatch() {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "{}")
	}))
	defer registry.Close()

	// Requests to a host that is silent for First are told.
	client := &http.Client{Transport: waiting.Watch(registry.Client().Transport, func(host string, silent time.Duration) {
		fmt.Printf("%s has not answered for %s\n", host, silent)
	})}
	resp, err := client.Get(registry.URL + "/v2/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body), err) // this host answers at once, so nothing is told
	// Output: 200 OK {} <nil>
}
