package status_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

func ExampleCheck() {
	for _, code := range []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusForbidden} {
		answer := httptest.NewRecorder()
		answer.WriteHeader(code)
		response := answer.Result()
		response.Request = httptest.NewRequest(http.MethodPut, "https://registry.example.com/v2/kkp/util/manifests/2.9.0", nil)
		err := status.Check(response, true, http.StatusOK, http.StatusCreated)
		if err == nil {
			fmt.Println("as wanted")
			continue
		}
		fmt.Println(failure.Describe(err))
		fmt.Println("  class:", failure.Classify(err))
		fmt.Println("  a retry may help:", failure.IsTransient(err))
	}
	// Output:
	// as wanted
	// 503 service unavailable
	//   class: network
	//   a retry may help: true
	// 403 forbidden
	//   class: auth
	//   a retry may help: false
}
