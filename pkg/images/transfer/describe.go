package transfer

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
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
