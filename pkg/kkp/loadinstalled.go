package kkp

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// readInstalled reads the installed applications of the user clusters of a Seed.
func (l *loader) readInstalled(ctx context.Context, client Client, seed *Seed) []Unread {
	subject := "Seed " + seed.Name
	installed := make([][]Installed, len(seed.Clusters))
	failures := l.clusters.ask(ctx, subject, seed.Clusters, kubeconfigsOf(ctx, client, seed.Clusters), func(ctx context.Context, i int, user userClient) (err error) {
		installed[i], err = installedIn(ctx, user.Client)
		return err
	})
	seed.installed = slices.Concat(installed...)
	var missed []Unread
	for i, err := range failures {
		if err == nil {
			continue
		}
		missed = append(missed, Unread{PartInstalled, "user cluster " + seed.Clusters[i].Name + " on " + subject, err})
		if seed.installedUnknown == nil {
			seed.installedUnknown = fmt.Errorf("user cluster %s: %w", seed.Clusters[i].Name, err)
		}
	}
	return missed
}

// installedIn reads the installed applications of a user cluster.
func installedIn(ctx context.Context, client Client) ([]Installed, error) {
	q := query{resource: applicationResource("applicationinstallations"), maxBytes: maxUserBytes}
	installed, err := list(ctx, client, q, installedFrom)
	if notInstalled(err) {
		return nil, nil
	}
	return installed, err
}

// collectInstalled collects the installed applications of all Seeds.
func (inst *Installation) collectInstalled() {
	apps := &inst.Applications
	for _, seed := range inst.Seeds {
		apps.Installations = append(apps.Installations, seed.installed...)
		if apps.InstallationsUnknown == nil {
			apps.InstallationsUnknown = seed.installedUnknown
		}
		if apps.InstallationsUnknown == nil && !seed.Read {
			apps.InstallationsUnknown = fmt.Errorf("the clusters of Seed %s are not known", seed.Name)
		}
	}
	if len(inst.Seeds) == 0 {
		apps.InstallationsUnknown = errors.New("no Seed is known")
	}
}
