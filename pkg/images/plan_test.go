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
		"kkp.tar":                     "did you mean oci-archive:kkp.tar?",
		"/srv/kkp.tgz":                "did you mean oci-archive:/srv/kkp.tar?",
		"out/kkp.tar.gz":              "did you mean oci-archive:out/kkp.tar?",
		"local://kkp.tar.gz":          "did you mean oci-archive:kkp.tar?",
		"../mirror":                   "did you mean oci:../mirror?",
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

func TestResolve(t *testing.T) {
	inv := inventory(t, "quay.io/prometheus/node:v1", "docker.io/prometheus/node:v1", "quay.io/other:v1")
	plan := images.NewPlan(inv, images.Target{Registry: "reg.example.com"})
	same := func(images.Copy) (string, error) { return digest, nil }
	resolved, err := plan.Resolve(same)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range resolved.Copies {
		got = append(got, c.Source.String())
	}
	if diff := cmp.Diff([]string{"quay.io/other:v1", "docker.io/prometheus/node:v1"}, got); diff != "" {
		t.Error("equal sources are copied once:", diff)
	}

	var conflict *images.ConflictError
	_, err = plan.Resolve(func(c images.Copy) (string, error) { return c.Source.Registry, nil })
	if !errors.As(err, &conflict) || len(conflict.Conflicts) != 1 {
		t.Fatalf("want one conflict, got %v", err)
	}
	for _, part := range []string{"reg.example.com/prometheus/node:v1", "quay.io/prometheus/node:v1", "docker.io/prometheus/node:v1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	if _, err = plan.Resolve(func(images.Copy) (string, error) { return "", errors.New("unreachable") }); !errors.As(err, &conflict) {
		t.Errorf("unknown digests cannot be called equal: %v", err)
	}
}

func TestResolveAsksOnlyForSharedTargets(t *testing.T) {
	plan := images.NewPlan(inventory(t, "quay.io/a:1", "quay.io/b:1"), images.Target{Registry: "reg.example.com"})
	if _, err := plan.Resolve(func(c images.Copy) (string, error) {
		t.Errorf("asked for %s", c.Source)
		return "", nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestSecondPlaces maps images that have to be in two repositories.
func TestSecondPlaces(t *testing.T) {
	var c images.Collector
	c.Add(images.Image{Ref: ref(t, "quay.io/charts/kubevirt:1"), Kind: images.KindChart, Also: []string{"mirror/kubevirt"}})
	c.Add(images.Image{Ref: ref(t, "docker.io/envoyproxy/envoy:v1"), Also: []string{"{prefix}/envoyproxy/envoy"}})
	c.Add(images.Image{Ref: ref(t, "docker.io/envoyproxy/envoy:v1"), Also: []string{"other/envoy", "{prefix}/envoyproxy/envoy"}})
	for _, test := range []struct {
		target string
		want   []string
	}{
		{"reg.example.com/kkp", []string{
			"reg.example.com/kkp/charts/kubevirt:1", "reg.example.com/kkp/envoyproxy/envoy:v1", "reg.example.com/kkp/kkp/envoyproxy/envoy:v1",
			"reg.example.com/kkp/mirror/kubevirt:1", "reg.example.com/kkp/other/envoy:v1",
		}},
		{"reg.example.com/a/b", []string{
			"reg.example.com/a/b/a/b/envoyproxy/envoy:v1", "reg.example.com/a/b/charts/kubevirt:1", "reg.example.com/a/b/envoyproxy/envoy:v1",
			"reg.example.com/a/b/mirror/kubevirt:1", "reg.example.com/a/b/other/envoy:v1",
		}},
		{"reg.example.com", []string{ // without a prefix, there is nothing to repeat
			"reg.example.com/charts/kubevirt:1", "reg.example.com/envoyproxy/envoy:v1", "reg.example.com/mirror/kubevirt:1", "reg.example.com/other/envoy:v1",
		}},
		{"oci:kkp", []string{"docker.io/envoyproxy/envoy:v1 other/envoy {prefix}/envoyproxy/envoy", "quay.io/charts/kubevirt:1 mirror/kubevirt"}},
	} {
		target, err := images.ParseTarget(test.target)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := images.NewPlan(c.Inventory(), target).Resolve(func(images.Copy) (string, error) { return digest, nil })
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, step := range plan.Copies {
			got = append(got, strings.Join(append([]string{step.Target.String()}, step.Also...), " "))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(test.target, diff)
		}
	}
}

// TestResolvedCopiesKeepTheirPlaces resolves two names of one image in an archive.
func TestResolvedCopiesKeepTheirPlaces(t *testing.T) {
	var c images.Collector
	c.Add(images.Image{Ref: ref(t, "quay.io/a:v1"), Digest: digest, Also: []string{"one/a"}})
	c.Add(images.Image{Ref: ref(t, "quay.io/a:v1@"+digest), Also: []string{"two/a"}})
	plan, err := images.NewPlan(c.Inventory(), images.Target{Archive: "oci:kkp"}).Resolve(func(c images.Copy) (string, error) { return c.Digest, nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Copies) != 1 || !cmp.Equal(plan.Copies[0].Also, []string{"one/a", "two/a"}) || plan.Target.Archive != "oci:kkp" {
		t.Errorf("%+v", plan)
	}
}

func TestWithoutKeepsNewPlaces(t *testing.T) {
	var before, now images.Collector
	for _, name := range []string{"quay.io/a:1", "quay.io/b:1"} {
		before.Add(images.Image{Ref: ref(t, name)})
	}
	now.Add(images.Image{Ref: ref(t, "quay.io/a:1")})
	now.Add(images.Image{Ref: ref(t, "quay.io/b:1"), Also: []string{"b/b"}})
	got := now.Inventory().Without(before.Inventory()).Images
	if len(got) != 1 || got[0].Ref.Repository != "b" {
		t.Errorf("%+v", got)
	}
}
