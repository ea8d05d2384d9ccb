package browser_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// pick returns one of the values, in turn.
func pick[T any](i int, values ...T) T { return values[i%len(values)] }

// forecast returns the page of a forecast of a number of images, as sync writes it.
func forecast(t *testing.T, number int) page.Page {
	t.Helper()
	var inv images.Inventory
	var found images.Forecast
	inv.Gaps = []images.Gap{{Source: "running", Subject: "namespace kubermatic on Seed frankfurt", Error: "pods is forbidden"}}
	for i := range number {
		registry, path := pick(i, "quay.io", "docker.io", "registry.k8s.io"), pick(i/3, "kubermatic", "library", "cilium")
		ref := images.Ref{Registry: registry, Repository: fmt.Sprintf("%s/component-%d", path, i), Tag: fmt.Sprintf("v1.%d.0", i%40)}
		source := pick(i, "components", "components", "addons", "charts", "running")
		inv.Images = append(inv.Images, images.Image{Ref: ref, Kind: images.KindImage, Reasons: []images.Reason{
			{Source: source, Component: fmt.Sprintf("component-%d", i), Cluster: pick(i, "master", "frankfurt", "hamburg"), Condition: "Kubernetes 1.34.9, aws"},
			{Source: "components", Component: "usercluster-controller-manager", Cluster: "master"},
		}})
		item := images.Foreseen{
			Source: ref, Target: images.Target{Registry: "registry.example.com", Prefix: "kkp"}.Ref(ref), Kind: images.KindImage,
			State: pick(i, images.StateNew, images.StateNew, images.StatePresent, images.StateDifferent), Digest: fmt.Sprintf("sha256:%064x", i), Size: int64(i%97+1) << 20, Bytes: int64(i%31+1) << 20,
		}
		for at, platform := range []string{"linux/amd64", "linux/arm64"}[:1+i%2] {
			part := images.Part{Platform: platform}
			for n := range 8 {
				part.Blobs = append(part.Blobs, images.Blob{Digest: fmt.Sprintf("%d/%d", at, (i*3+n*n)%700), Bytes: int64((i*3+n*n)%700) << 14})
			}
			part.Bytes = images.Once(part.Blobs)
			item.Parts, item.Whole = append(item.Parts, part), append(item.Whole, part)
		}
		found.Items = append(found.Items, item)
	}
	left := 96
	found.Registries = []images.Traffic{{Registry: "index.docker.io", Requests: 4 * number, Pulls: 0, Left: &left, Limit: 100, Window: "6h"}}
	return display.ReviewForecast(subject(), inv, found.Document(images.Target{Registry: "registry.example.com", Prefix: "kkp"}, inv, &images.Pace{Rate: 40 << 20, From: "--rate"}))
}

func subject() display.Subject {
	return display.Subject{
		Title: "Forecast of a copy", Origin: "KKP v2.31.0 EE at kkp.example.com", Target: "registry.example.com/kkp", Lock: "sha256:" + strings.Repeat("5e", 32),
		Version: "v1.0.0", At: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC),
	}
}

// listed returns the page of a comparison of a number of images with an older lock, as images writes
// it.
func listed(number int) page.Page {
	var inv images.Inventory
	for i := range number {
		digest := fmt.Sprintf("sha256:%064x", i)
		inv.Images = append(inv.Images, images.Image{
			Ref: images.Ref{Registry: "quay.io", Repository: fmt.Sprintf("kubermatic/component-%d", i), Tag: "v1"}, Kind: images.KindImage, Digest: digest,
			Reasons: []images.Reason{{Source: "components", Component: fmt.Sprintf("component-%d", i), Cluster: "master"}},
			Change:  pick(i, images.ChangeNew, images.ChangeChanged), Before: pick(i, "", "sha256:"+strings.Repeat("0", 64)),
			Content: &images.Content{
				Bytes: int64(i%97+1) << 20, Created: "2026-10-01T09:00:00Z", Licenses: "Apache-2.0", Origin: "https://git.example/component",
				Platforms: []images.Part{{Platform: "linux/amd64", Bytes: int64(i%97+1) << 20, Blobs: []images.Blob{{Digest: digest, Bytes: int64(i%97+1) << 20}}}},
				Referrers: []images.Referrer{{Type: "signature", Digest: digest}},
			},
		})
	}
	inv.Gone = []images.Image{{Ref: images.Ref{Registry: "quay.io", Repository: "kubermatic/old", Tag: "v1"}, Kind: images.KindImage}}
	about := subject()
	about.Title, about.Target, about.Since = "Images that KKP needs", "", "older.json"
	return display.Review(about, inv)
}

// verified returns the page of a verification of a number of images that was compared with an older
// lock, as verify writes it.
func verified(number int) page.Page {
	var inv images.Inventory
	var v images.Verification
	target := images.Target{Registry: "registry.example.com", Prefix: "kkp"}
	for i := range number {
		ref := images.Ref{Registry: "quay.io", Repository: fmt.Sprintf("kubermatic/component-%d", i), Tag: "v1"}
		digest := fmt.Sprintf("sha256:%064x", i)
		inv.Images = append(inv.Images, images.Image{
			Ref: ref, Kind: images.KindImage, Digest: digest, Change: pick(i, "", "", images.ChangeChanged), Before: pick(i, "", "", "sha256:"+strings.Repeat("0", 64)),
			Reasons: []images.Reason{{Source: "components", Component: fmt.Sprintf("component-%d", i), Cluster: "master"}},
			Content: &images.Content{Bytes: int64(i%97+1) << 20, Created: "2026-10-01T09:00:00Z", Licenses: "Apache-2.0"},
		})
		v.Checks = append(v.Checks, images.Check{
			Source: ref, Target: target.Ref(ref), Kind: images.KindImage, Digest: digest, Expected: digest, Finding: pick(i, images.Verified, images.Verified, images.Verified, images.Missing),
		})
	}
	about := subject()
	about.Title, about.Since = "Verification of a mirror", "older.json"
	return display.ReviewVerification(about, inv, v.Document(target, false, inv))
}

// attacked returns the page of a list in which others wrote what they like.
func attacked(t *testing.T, texts []string) page.Page {
	t.Helper()
	var inv images.Inventory
	for i, text := range texts {
		inv.Images = append(inv.Images, images.Image{
			Ref: images.Ref{Registry: "quay.io", Repository: text, Tag: text}, Kind: images.KindImage,
			Reasons: []images.Reason{{Source: "running", Component: text, Cluster: text, Condition: text}},
			Content: &images.Content{Bytes: int64(i), Licenses: text, Origin: text, Platforms: []images.Part{{Platform: text}}, Referrers: []images.Referrer{{Type: text, Digest: text}}},
		})
		inv.Notes = append(inv.Notes, text)
		inv.Gaps = append(inv.Gaps, images.Gap{Source: text, Subject: text, Error: text})
	}
	return display.Review(subject(), inv)
}

// checked returns the page of a check with a number of missing images, as check writes it.
func checked(number int) page.Checks {
	sync := &check.Remedy{Text: "copy the missing images", Command: "kubectl kkp-mirror sync registry.example.com/kkp --registry-map '*=cache.example.com/{host}'"}
	var missing []check.Finding
	for i := range number {
		missing = append(missing, check.Finding{
			ID: "mirror.image-missing", Status: check.StatusNotReady, Subject: fmt.Sprintf("quay.io/kubermatic/component-%d:v1.%d.0", i, i%40), Reason: "registry.example.com/kkp does not have the image", Remedy: sync,
		})
	}
	report := check.NewReport(map[check.Section][]check.Finding{
		check.SectionAccess: {
			{ID: "access.rights", Status: check.StatusOK, Subject: "master", Reason: "the user of the kubeconfig has all rights that the checks need"},
			{ID: "access.reachable", Status: check.StatusUnknown, Subject: "Seed frankfurt", Reason: "no route to host", Remedy: &check.Remedy{Text: "check that this machine reaches the API server"}},
		},
		check.SectionMirror: append(missing, check.Finding{ID: "mirror.certificate", Status: check.StatusWarning, Subject: "registry.example.com", Reason: "the certificate expires on 2026-12-01", Remedy: &check.Remedy{Text: "renew the certificate"}}),
		check.SectionRunning: {
			{ID: "running.elsewhere", Status: check.StatusNotReady, Subject: "Deployment monitoring/grafana", Reason: "pulls from docker.io", Remedy: &check.Remedy{Text: "redirect the images", Command: "kubectl kkp-mirror patch-helm registry.example.com/kkp grafana"}},
		},
	}, nil)
	report.Target = "registry.example.com/kkp"
	about := subject()
	about.Title, about.Lock = "Check of an installation", ""
	return display.ReviewChecks(about, report)
}

// attackedCheck returns the page of a check in which others wrote what they like.
func attackedCheck(texts []string) page.Checks {
	var findings []check.Finding
	for _, text := range texts {
		findings = append(findings, check.Finding{
			ID: "running.elsewhere", Status: check.StatusNotReady, Subject: text, Reason: text, Remedy: &check.Remedy{Text: text, Command: text},
		})
	}
	report := check.NewReport(map[check.Section][]check.Finding{check.SectionRunning: findings}, nil)
	report.Target = texts[0]
	return display.ReviewChecks(subject(), report)
}

// written writes a page to a file, with control characters escaped as the plugin does.
func written(t *testing.T, p interface{ HTML(out io.Writer) error }) string {
	t.Helper()
	var text bytes.Buffer
	if err := p.HTML(terminal.New(&text)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
