package images_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func inventory(t *testing.T, refs ...string) images.Inventory {
	t.Helper()
	var c images.Collector
	for _, s := range refs {
		c.Add(images.Image{Ref: ref(t, s)})
	}
	return c.Inventory()
}

func TestTargetRef(t *testing.T) {
	for _, test := range []struct{ target, source, want string }{
		{"reg.example.com", "alpine", "reg.example.com/library/alpine:latest"},
		{"reg.example.com:5000/kkp/", "quay.io/kubermatic/addons:v1", "reg.example.com:5000/kkp/kubermatic/addons:v1"},
		{"localhost/x", "quay.io/a/b:v1@" + digest, "localhost/x/a/b:v1@" + digest},
		{"reg.example.com", "d3fk/s3cmd@" + digest, "reg.example.com/d3fk/s3cmd@" + digest},
	} {
		target, err := images.ParseTarget(test.target)
		if err != nil {
			t.Fatal(err)
		}
		if got := target.Ref(ref(t, test.source)).String(); got != test.want {
			t.Errorf("%s on %s: got %s, want %s", test.source, test.target, got, test.want)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for in, advice := range map[string]string{
		"https://reg.example.com/kkp": "no scheme",
		"mirror/kkp":                  "mirror:443",
		"":                            "registry",
		"reg.example.com/UPPER":       "lower-case",
		"reg.example.com/kkp:tag":     "no tag",
		"reg.example.com/../x":        "registry[:port][/prefix]",
		"reg.example.com:port/x":      "registry[:port][/prefix]",
		"index.docker.io/x":           "registry[:port][/prefix]",
		"oci:":                        "oci:DIR",
		"oci-archive://file.tar":      "oci:DIR",
	} {
		if got, err := images.ParseTarget(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		} else if !strings.Contains(err.Error(), advice) {
			t.Errorf("%q: %v does not say %q", in, err, advice)
		}
	}
}

func TestPushTagKeepsDigests(t *testing.T) {
	if tag := ref(t, "d3fk/s3cmd@"+digest).PushTag(); tag != "digest-"+strings.TrimPrefix(digest, "sha256:") {
		t.Error(tag)
	}
	if tag := ref(t, "quay.io/a:v1@"+digest).PushTag(); tag != "v1" {
		t.Error(tag)
	}
}

func TestSettle(t *testing.T) {
	inv := inventory(t, "quay.io/prometheus/node:v1", "docker.io/prometheus/node:v1", "quay.io/other:v1")
	plan := images.NewPlan(inv, images.Target{Registry: "reg.example.com"})
	same := func(images.Copy) (string, error) { return digest, nil }
	settled, err := plan.Settle(same)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range settled.Copies {
		got = append(got, c.Source.String())
	}
	if diff := cmp.Diff([]string{"quay.io/other:v1", "docker.io/prometheus/node:v1"}, got); diff != "" {
		t.Error("equal sources are copied once:", diff)
	}

	var conflict *images.ConflictError
	_, err = plan.Settle(func(c images.Copy) (string, error) { return c.Source.Registry, nil })
	if !errors.As(err, &conflict) || len(conflict.Conflicts) != 1 {
		t.Fatalf("want one conflict, got %v", err)
	}
	for _, part := range []string{"reg.example.com/prometheus/node:v1", "quay.io/prometheus/node:v1", "docker.io/prometheus/node:v1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	if _, err = plan.Settle(func(images.Copy) (string, error) { return "", errors.New("unreachable") }); !errors.As(err, &conflict) {
		t.Errorf("unknown digests cannot be called equal: %v", err)
	}
}

func TestSettleAsksOnlyForSharedTargets(t *testing.T) {
	plan := images.NewPlan(inventory(t, "quay.io/a:1", "quay.io/b:1"), images.Target{Registry: "reg.example.com"})
	if _, err := plan.Settle(func(c images.Copy) (string, error) {
		t.Errorf("asked for %s", c.Source)
		return "", nil
	}); err != nil {
		t.Fatal(err)
	}
}
