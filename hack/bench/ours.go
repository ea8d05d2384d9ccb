package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// maxWait is the longest wait for a registry that limits pulls.
const maxWait = 5 * time.Minute

// open returns registries that know the source under the name for which it stands.
func (o order) open() *transfer.Registries {
	budgets := pace.WellKnown()
	budgets[o.Source] = budgets[o.As]
	return transfer.NewRegistries(transfer.Config{UserAgent: "kkp-mirror-bench", MaxWait: maxWait, Limits: pace.New(budgets)})
}

// plan returns the plan to copy the images from the source to a target.
func (o order) plan(to images.Target) (images.Plan, error) {
	var inv images.Collector
	for _, s := range o.Refs {
		ref, err := images.ParseRef(o.Source + "/" + s)
		if err != nil {
			return images.Plan{}, err
		}
		inv.Add(images.Image{Ref: ref})
	}
	return images.NewPlan(inv.Inventory(), to), nil
}

func copyOurs(ctx context.Context, o order) error {
	plan, err := o.plan(images.Target{Registry: o.Target})
	if err != nil {
		return err
	}
	return o.copy(ctx, plan, transfer.Options{})
}

func packOurs(ctx context.Context, o order) error {
	name := "oci-archive:" + o.Archive
	plan, err := o.plan(images.Target{Archive: name})
	if err != nil {
		return err
	}
	into, err := transfer.CreateArchive(name)
	if err != nil {
		return err
	}
	if err := o.copy(ctx, plan, transfer.Options{Into: into}); err != nil {
		return errors.Join(err, into.Close())
	}
	return into.Finish()
}

func loadOurs(ctx context.Context, o order) error {
	from, err := transfer.OpenArchive(ctx, "oci-archive:"+o.Archive)
	if err != nil {
		return err
	}
	defer from.Close()
	inv, err := transfer.Inventory(from)
	if err != nil {
		return err
	}
	return o.copy(ctx, images.NewPlan(inv, images.Target{Registry: o.Target}), transfer.Options{From: from})
}

func (o order) copy(ctx context.Context, plan images.Plan, opts transfer.Options) error {
	registries := o.open()
	defer registries.Close()
	for _, res := range registries.Copy(ctx, plan, opts).Results {
		if res.Outcome != images.Copied && res.Outcome != images.Present {
			return fmt.Errorf("%s: %s %s", res.Source, res.Outcome, res.Error)
		}
	}
	return nil
}
