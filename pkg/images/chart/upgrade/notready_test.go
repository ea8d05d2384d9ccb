package upgrade_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
)

// TestNotReady names the pods that an upgrade waited for in vain, before it is rolled back.
func TestNotReady(t *testing.T) {
	for name, test := range map[string]struct {
		pods []upgrade.Pod
		err  error
		want string
	}{
		"none":              {nil, nil, "not ready after 1s: context deadline exceeded"},
		"pods are not read": {nil, errors.New("forbidden"), "not ready after 1s: context deadline exceeded"},
		"one":               {[]upgrade.Pod{{Name: "app-1", Reason: "ImagePullBackOff"}}, nil, "not ready after 1s: pod app-1: ImagePullBackOff"},
		"many": {
			[]upgrade.Pod{{"app-1", "a"}, {"app-2", "b"}, {"app-3", "c"}, {"app-4", "d"}, {"app-5", "e"}},
			nil,
			"not ready after 1s: pod app-1: a; pod app-2: b; pod app-3: c; and 2 more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			chart := chartOf(t, strings.Replace(deployment, "spec: {", "spec: {selector: {matchLabels: {app: a}, matchExpressions: [{key: tier, operator: In, values: [x, y]}]}, ", 1))
			cluster, live := clusterWith(t, chart, nil)
			asked := ""
			cluster.NotReady = func(_ context.Context, namespace, selector string) ([]upgrade.Pod, error) {
				asked += namespace + " " + selector
				return test.pods, test.err
			}
			trial, err := found(t, chart, nil).Try(t.Context(), cluster, upgrade.Options{Wait: true, Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			live.waits = context.DeadlineExceeded
			_, err = trial.Apply(t.Context())
			var late *upgrade.NotReadyError
			if !errors.As(err, &late) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			if late.Error() != test.want {
				t.Errorf("%s, want %s", late, test.want)
			}
			if want := "default app=a,tier in (x,y)"; asked != want {
				t.Errorf("asked for %q, want %q", asked, want)
			}
		})
	}
}
