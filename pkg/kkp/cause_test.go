package kkp

import (
	"errors"
	"net/url"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestWhatErrorsHaveInCommon(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	addons := schema.GroupResource{Group: "kubermatic.k8c.io", Resource: "addons"}
	for _, tt := range []struct {
		err  error
		want string // "" for nothing
	}{
		{&url.Error{Op: "Get", URL: "https://a/b", Err: syscall.ECONNREFUSED}, "Seed hamburg cannot be read: connection refused"},
		{apierrors.NewForbidden(pods, "", errors.New("no")), "you may not list pods on Seed hamburg: a role with verb list on resource pods is needed"},
		{
			apierrors.NewForbidden(addons, "", errors.New("no")),
			"you may not list addons.kubermatic.k8c.io on Seed hamburg: a role with verb list on resource addons.kubermatic.k8c.io is needed",
		},
		{apierrors.NewForbidden(pods, "one", errors.New("no")), `pods "one" is forbidden: no`},
		{apierrors.NewNotFound(pods, "one"), ""},
		{&AmbiguousError{Revisions: []int{2, 1}}, ""},
	} {
		err := unread("Seed hamburg", tt.err)
		var common interface{ Cause() string }
		got := ""
		if errors.As(err, &common) {
			got = common.Cause()
		}
		if got != tt.want || !errors.Is(err, tt.err) || err.Error() != tt.err.Error() {
			t.Errorf("%v: %q, want %q", err, got, tt.want)
		}
	}
	if unread("Seed hamburg", nil) != nil {
		t.Error("no error became one")
	}
}
