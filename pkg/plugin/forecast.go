package plugin

import (
	"context"
	"fmt"
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// forecast prints what a sync would do, and copies nothing.
func (o syncOptions) forecast(ctx context.Context, p planned, from *transfer.Archive, since earlier) error {
	opts := o.transferOptions()
	opts.AllowDigestChange, opts.From, opts.Observer = o.allowDigestChange, from, display.NewQuiet(o.streams.ErrOut)
	if o.target.Archive != "" {
		opts.Since = since.archive
	}
	if o.target.Archive != "" {
		into, err := transfer.ContinuedArchive(ctx, o.target.Archive)
		if err != nil {
			return err
		}
		defer into.Close()
		opts.Into = into
	}
	found, err := p.registries.Forecast(ctx, p.plan, opts)
	if err != nil {
		return err
	}
	if err := transfer.Unreachable(found); err != nil {
		return err
	}
	places := placesOfForecast(found.Items)
	if p.inventory, err = o.compared(p.inventory, places, since); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	document := found.Document(o.target, p.inventory, paceOf(o.rate, o.target, readRates(ratesFile())))
	review := func() sheet {
		return display.ReviewForecast(o.subject("Forecast of a copy", p, since), o.described(ctx, p.registries, p.inventory, places, opts), document)
	}
	if err := o.printForecast(document, review); err != nil {
		return err
	}
	since.tell(o.streams.ErrOut, p.inventory)
	if unknown := display.UnknownStates(document); unknown != "" {
		return &PartialError{Message: unknown}
	}
	return gapsError(p.inventory.Gaps)
}

// printForecast prints the forecast, and writes the file of --report.
func (o syncOptions) printForecast(document images.SyncForecast, review func() sheet) error {
	err := result{
		document: document,
		review:   review,
		text: func(out io.Writer) error {
			if o.output.Format == option.FormatWide {
				return display.ForecastImages(out, document)
			}
			return display.Forecast(out, document)
		},
	}.print(o.streams.Out, o.output, o.report)
	if err == nil && o.output.Printer == nil {
		fmt.Fprintf(o.streams.ErrOut, "dry run: %s; nothing was changed\n", display.ForecastCount(document))
	}
	return err
}

// printPlan prints what would be copied where. No registry was asked.
func (o syncOptions) printPlan(p planned) error {
	inv := p.inventory
	if o.output.Printer != nil {
		for i := range inv.Images {
			to := o.target.Ref(inv.Images[i].Ref)
			inv.Images[i].Target = &to
		}
		if err := display.Document(o.streams.Out, o.output.Printer, inv.List()); err != nil {
			return err
		}
		return gapsError(inv.Gaps)
	}
	if err := display.Plan(o.streams.Out, p.plan, o.output.Format == option.FormatWide); err != nil {
		return err
	}
	fmt.Fprintf(o.streams.ErrOut, "dry run: %s; nothing was changed\n", display.PlanCount(p.plan))
	return gapsError(inv.Gaps)
}
