package verify_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/verify"
)

// The target has the manifest of the image, but has lost its layer.
func ExampleVerifier_Image() {
	ctx := context.Background()
	source := (&storagetest.Registry{Name: "quay.io"}).Repository("app", false)
	target := (&storagetest.Registry{Name: "registry.example.com"}).Repository("app", true)
	config, layer := target.AddBlob([]byte("{}")), target.AddBlob([]byte("a layer"))
	text := fmt.Sprintf(`{"config": {"digest": %q, "size": 2}, "layers": [{"digest": %q, "size": 7}]}`, config.Digest, layer.Digest)
	manifest, err := oci.New([]byte(text), "application/vnd.oci.image.manifest.v1+json", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, to := range []storage.Target{source, target} {
		if _, err := to.PutManifest(ctx, manifest, "v1"); err != nil {
			fmt.Println(err)
			return
		}
	}
	target.RemoveBlob(layer.Digest)

	v := &verify.Verifier{
		Compare:   &compare.Run{},
		Scheduler: scheduler.New(scheduler.LimitsFor(1)),
		Open: func(images.Copy, storage.Progress) (storage.Source, storage.Target, error) {
			return source, target, nil
		},
	}
	check := v.Image(ctx, images.Copy{
		Source: images.Ref{Registry: "quay.io", Repository: "app", Tag: "v1"},
		Target: images.Ref{Registry: "registry.example.com", Repository: "app", Tag: "v1"},
	})
	fmt.Println(check.Target, check.Finding)
	for _, problem := range check.Problems {
		fmt.Println(problem.Part, problem.Detail, problem.Digest == layer.Digest.String())
	}
	// Output:
	// registry.example.com/app:v1 incomplete
	// blob missing true
}
