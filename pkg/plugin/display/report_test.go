package display

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func ref(t *testing.T, s string) images.Ref {
	t.Helper()
	r, err := images.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func result(t *testing.T, name string, outcome images.Outcome, class images.Class) images.Result {
	t.Helper()
	res := images.Result{Source: ref(t, name), Outcome: outcome, Class: class, Bytes: 2048, Seconds: 1.25}
	if class != "" {
		res.Error = "pulling " + name + ": it failed"
	}
	return res
}

func TestOutcome(t *testing.T) {
	target := images.Target{Registry: "reg.example.com", Prefix: "kkp"}
	for want, outcomes := range map[string][]images.Outcome{
		"nothing to copy: all 2 images are in reg.example.com/kkp, with the same digests": {images.Present, images.Present},
		"nothing to copy: the image is in reg.example.com/kkp, with the same digests":     {images.Present},
		"2 copied (4.0 KiB), 1 present: reg.example.com/kkp":                              {images.Copied, images.Copied, images.Present},
		"1 copied (6.0 KiB), 0 present, 1 failed, 1 not tried: reg.example.com/kkp":       {images.Copied, images.Failed, images.Skipped},
	} {
		var report images.Report
		for _, o := range outcomes {
			res := result(t, "a", o, "")
			if o == images.Present {
				res.Bytes = 0
			}
			report.Results = append(report.Results, res)
		}
		if got := Outcome(report.Document(target, images.Inventory{})); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestFailuresAreGroupedByRemedy(t *testing.T) {
	report := images.Report{Results: []images.Result{
		result(t, "b:1", images.Failed, images.ClassNotFound),
		result(t, "a:1", images.Failed, images.ClassAuth),
		result(t, "c:1", images.Failed, images.ClassNotFound),
		result(t, "d:1", images.Copied, ""),
	}}
	text := Failures(report)
	want := strings.Join([]string{
		"3 of 4 images could not be copied",
		"auth: " + images.ClassAuth.Remedy(),
		"  pulling a:1: it failed",
		"not-found: " + images.ClassNotFound.Remedy(),
		"  pulling b:1: it failed",
		"  pulling c:1: it failed",
	}, "\n")
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
	if text := Failures(images.Report{}); text != "" {
		t.Errorf("without a failure, got %s", text)
	}
}

func TestWhatHasToBeCreatedIsListedOnce(t *testing.T) {
	failed := func(target, remedy string) images.Result {
		res := result(t, "a:1", images.Failed, images.ClassPolicy)
		res.Target, res.Remedy, res.Error = ref(t, target), remedy, "pushing "+target+": 404 not found"
		return res
	}
	text := Failures(images.Report{Results: []images.Result{
		failed("harbor.example.com/kubermatic/kubermatic:1", images.RemedyCreateProject),
		failed("harbor.example.com/kubermatic/util:1", images.RemedyCreateProject),
		failed("harbor.example.com/acme/tool:1", images.RemedyCreateProject),
		failed("1.dkr.ecr.eu-west-1.amazonaws.com/kkp/etcd:2", images.RemedyCreateRepository),
		failed("1.dkr.ecr.eu-west-1.amazonaws.com/kkp/etcd:1", images.RemedyCreateRepository),
	}})
	for _, want := range []string{
		"\nprojects to create in harbor.example.com:\nacme\nkubermatic\n",
		"\nrepositories to create in 1.dkr.ecr.eu-west-1.amazonaws.com:\nkkp/etcd",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestTheSameFailureIsOneLine(t *testing.T) {
	full := result(t, "a:1", images.Failed, images.ClassDisk)
	full.Error = "writing oci:x: /srv has 1 MiB free, and 9 MiB are needed"
	text := Failures(images.Report{Results: []images.Result{full, full, full}})
	if want := "\n  3 images: " + full.Error + ": docker.io/library/a:1, docker.io/library/a:1, docker.io/library/a:1"; !strings.HasSuffix(text, want) {
		t.Errorf("got %s", text)
	}
	var dead []images.Result
	for _, name := range []string{"a:1", "b:1", "c:1", "d:1", "e:1"} {
		lost := result(t, name, images.Failed, images.ClassNetwork)
		lost.Error, lost.Cause = "pulling "+name+": connection refused", "reaching docker.io: connection refused"
		dead = append(dead, lost)
	}
	text = Failures(images.Report{Results: dead})
	if want := "\n  5 images: reaching docker.io: connection refused: docker.io/library/a:1, docker.io/library/b:1, docker.io/library/c:1 and 2 more"; !strings.HasSuffix(text, want) {
		t.Errorf("got %s", text)
	}
}

func TestProgressWithoutTerminalIsALinePerImage(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, 4, false)
	p.Waiting("docker.io", "429 too many requests", 40*time.Second)
	p.Waiting("docker.io", "429 too many requests", 40*time.Second) // the same
	p.Finished(result(t, "a:1", images.Copied, ""))
	p.Finished(result(t, "b:1", images.Present, ""))
	p.Finished(result(t, "c:1", images.Failed, images.ClassNetwork))
	p.Finished(result(t, "d:1", images.Skipped, ""))
	p.Close()
	if got := p.counts(); got != "3/4 images, 1 failed" {
		t.Errorf("what was not tried is not done: %s", got)
	}
	want := "waiting 40s for docker.io: 429 too many requests\n" +
		"copied   docker.io/library/a:1 (2.0 KiB, 1.2 s)\n" +
		"present  docker.io/library/b:1\n" +
		"failed   docker.io/library/c:1\n" +
		"skipped  docker.io/library/d:1\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 5 << 30: "5.0 GiB", 3 << 50: "3072.0 TiB"} {
		if got := Size(bytes); got != want {
			t.Errorf("%d: got %s, want %s", bytes, got, want)
		}
	}
}
