package httptransport_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
)

func ExampleTransport_Quota() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("RateLimit-Limit", "100;w=21600")
		w.Header().Set("RateLimit-Remaining", "76;w=21600")
	}))
	defer server.Close()

	base := httptransport.NewBase(nil, false, 0)
	defer base.CloseIdleConnections()
	limited := httptransport.New(base, pace.New(nil), time.Minute)
	answer, err := (&http.Client{Transport: limited}).Get(server.URL + "/v2/library/alpine/manifests/3.20")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()

	quota, known := limited.Quota(server.Listener.Addr().String())
	fmt.Println(known, quota.Remaining, "of", quota.Limit, "pulls in", quota.Window)
	// Output: true 76 of 100 pulls in 6h0m0s
}
