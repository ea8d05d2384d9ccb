package transfer

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// Bounds of what is read for the date and the labels of an image.
const (
	maxConfig = 1 << 20 // bytes of its configuration
	maxNote   = 1000    // characters of an annotation
)

// note returns a text of others on one line, shortened to maxNote.
func note(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxNote {
		text = string(runes[:maxNote]) + "…"
	}
	return text
}

// Measure reads the sizes of the images of an inventory with digests: their manifests, and the
// configuration of one platform. Of an image with several platforms, opts.Platforms are in scope. An
// image that cannot be read is a gap; an image without a digest stays without sizes.
func (r *Registries) Measure(ctx context.Context, inv *images.Inventory, opts Options) {
	scope := opts.Platforms
	opts.Platforms = nil // sizes of the others are known, too
	run := r.newRun(opts)
	stop := context.AfterFunc(ctx, run.scheduler.Flush)
	defer stop()
	var mu sync.Mutex
	var group sync.WaitGroup
	for at := range inv.Images {
		img := &inv.Images[at]
		if img.Digest == "" && img.Ref.Digest == "" {
			continue
		}
		group.Go(func() {
			content, err := run.measure(ctx, *img, scope)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				inv.Gaps = append(inv.Gaps, images.Gap{Source: "sizes", Subject: img.Ref.String(), Error: err.Error()})
				return
			}
			img.Content = content
		})
	}
	group.Wait()
	inv.SortGaps()
}

// measure reads the content of one image.
func (run *run) measure(ctx context.Context, img images.Image, scope []v1.Platform) (*images.Content, error) {
	step := images.Copy{Source: img.Ref, Digest: img.Digest, Kind: img.Kind}
	p := progress.New(step, nil, nil)
	from, err := run.registries.Source(step.Source, p)
	if err != nil {
		return nil, err
	}
	i := run.compare.Pair(step, from, nil, p)
	goal, err := i.Wanted(ctx)
	if err != nil {
		return nil, err
	}
	tree, err := i.Read(ctx, goal.Digest, goal.Root)
	if err != nil {
		return nil, err
	}
	content := images.NewContent(partsOf(tree, scope))
	run.describe(ctx, i, tree, content)
	content.Referrers, err = referrersOf(ctx, i, tree)
	return content, err
}

// describe adds what annotations and the configuration say about an image. A configuration that
// cannot be read says nothing.
func (run *run) describe(ctx context.Context, i *compare.Pair, tree *oci.Node, c *images.Content) {
	for _, m := range []oci.Manifest{tree.Manifest, shown(tree).Manifest} {
		var doc struct {
			Annotations map[string]string `json:"annotations"`
		}
		if err := json.Unmarshal(m.Raw, &doc); err == nil {
			addNotes(c, doc.Annotations)
		}
	}
	refs, err := shown(tree).References()
	if err != nil || refs.Config == nil || refs.Config.Size > maxConfig {
		return
	}
	raw, err := run.config(ctx, i, *refs.Config)
	if err != nil {
		return
	}
	var config struct {
		Created string `json:"created"`
		OS      string `json:"os"`
		Arch    string `json:"architecture"`
		Config  struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return
	}
	addNotes(c, config.Config.Labels)
	addCreated(c, config.Created)
	if len(c.Platforms) == 1 && c.Platforms[0].Platform == "" && config.OS != "" && config.Arch != "" {
		c.Platforms[0].Platform = note(config.OS + "/" + config.Arch)
	}
}

// addNotes adds annotations or labels of the OCI image specification, unless others are known.
func addNotes(c *images.Content, notes map[string]string) {
	const prefix = "org.opencontainers.image."
	addCreated(c, notes[prefix+"created"])
	if c.Licenses == "" {
		c.Licenses = note(notes[prefix+"licenses"])
	}
	if c.Origin == "" {
		c.Origin = note(notes[prefix+"source"])
	}
}

// addCreated adds the time of the build, unless a time is known. Reproducible builds set a time
// near the beginning of the epoch, which says nothing.
func addCreated(c *images.Content, text string) {
	created, err := time.Parse(time.RFC3339, text)
	if c.Created == "" && err == nil && created.Year() >= 2000 && created.Year() <= 9999 {
		c.Created = created.UTC().Format(time.RFC3339)
	}
}

// shown returns the manifest of one platform: linux/amd64, or the first.
func shown(tree *oci.Node) *oci.Node {
	for len(tree.Children) > 0 {
		at := max(0, slices.IndexFunc(tree.Entries(), func(entry v1.Descriptor) bool {
			return entry.Platform != nil && entry.Platform.OS == "linux" && entry.Platform.Architecture == "amd64"
		}))
		tree = tree.Children[at]
	}
	return tree
}

// config reads the configuration of an image, which is kept between runs.
func (run *run) config(ctx context.Context, i *compare.Pair, desc v1.Descriptor) (raw []byte, err error) {
	kept := run.opts.Kept
	if kept != nil {
		if raw := kept.Get(desc.Digest.String()); raw != nil {
			return raw, nil
		}
	}
	waiting := func(int, error, time.Duration) {}
	err = run.retry.Do(ctx, waiting, func(ctx context.Context) error {
		return run.scheduler.Do(ctx, scheduler.TaskFor(desc.Size, i.Source.Location().Queue), func() error {
			body, err := i.Source.Open(ctx, desc, 0, waiting)
			if err != nil {
				return err
			}
			defer body.Close()
			raw, err = bounded.ReadAll(body, maxConfig)
			return err
		})
	})
	if err == nil && kept != nil {
		kept.Put(desc.Digest.String(), raw)
	}
	return raw, err
}

// referrersOf lists the referrers of an image and of its platforms.
func referrersOf(ctx context.Context, i *compare.Pair, tree *oci.Node) ([]images.Referrer, error) {
	var platforms []string
	for _, child := range tree.Children {
		platforms = append(platforms, child.Digest)
	}
	found, err := i.Referrers(ctx, tree.Digest, platforms)
	var list []images.Referrer
	for _, a := range found {
		list = append(list, images.Referrer{Type: note(typeOf(a)), Digest: a.Digest})
	}
	return list, err
}

// typeOf names the type of a referrer: from the suffix of cosign's tag, or its artifact type.
func typeOf(a compare.Referrer) string {
	for suffix, name := range map[string]string{".sig": "signature", ".att": "attestation", ".sbom": "sbom"} {
		if strings.HasSuffix(a.Tag, suffix) {
			return name
		}
	}
	if a.Desc.ArtifactType != "" {
		return a.Desc.ArtifactType
	}
	return string(a.Desc.MediaType)
}
