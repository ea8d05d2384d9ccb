package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// maxListed is the number of images that an error names. sync names all.
const maxListed = 20

// MirrorError says that a cluster could not pull some images from a mirror.
type MirrorError struct {
	Target images.Target
	Checks []images.Check // of the images that failed verification
	Total  int
	Flags  []string // the flags for access to the registries
}

func (e *MirrorError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %s cannot be pulled from %s; nothing was changed:", len(e.Checks), display.Count(e.Total, "image"), e.Target)
	for i, check := range e.Checks {
		if i == maxListed {
			fmt.Fprintf(&text, "\n  … and %d more", len(e.Checks)-maxListed)
			break
		}
		fmt.Fprintf(&text, "\n  %-10s %s", check.Finding, check.Source)
		if check.Error != "" {
			fmt.Fprintf(&text, ": %s", check.Error)
		}
	}
	sync := append([]string{"kubectl", "kkp-mirror", "sync", e.Target.String()}, e.Flags...)
	fmt.Fprintf(&text, "\nCopy these images into the mirror first:\n  %s\nTo leave images out by decision, pass --exclude to both commands. To skip this check, pass --skip-verify", display.ShellCommand(sync...))
	return text.String()
}

// checkMirror fails with a *MirrorError unless a mirror has the images, whole.
func checkMirror(ctx context.Context, registries *transfer.Registries, target images.Target, refs []images.Ref, how option.Registry) error {
	var inv images.Inventory
	for _, ref := range refs {
		inv.Images = append(inv.Images, images.Image{Ref: ref})
	}
	return checkInventory(ctx, registries, target, inv, how)
}

// checkInventory is checkMirror for an inventory, whose digests count if it has them.
func checkInventory(ctx context.Context, registries *transfer.Registries, target images.Target, inv images.Inventory, how option.Registry) error {
	plan, err := images.NewPlan(inv, target).Resolve(func(step images.Copy) (string, error) { return digestOf(ctx, registries, step) })
	if err != nil {
		return err
	}
	verification := registries.Verify(ctx, plan, transfer.Options{Jobs: how.Jobs, NoReferrers: true}, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	bad := &MirrorError{Target: target, Total: len(verification.Checks), Flags: how.Given}
	for _, check := range verification.Checks {
		if check.Class == images.ClassNotFound && registries.Origin(check.Source) == check.Target { // the source of the comparison was the mirror itself
			check.Finding, check.Error = images.Missing, ""
		}
		if check.Finding != images.Verified {
			bad.Checks = append(bad.Checks, check)
		}
	}
	if len(bad.Checks) > 0 {
		return bad
	}
	return nil
}
