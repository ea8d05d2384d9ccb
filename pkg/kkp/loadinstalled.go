package kkp

import (
	"context"
	"errors"
	"fmt"
)

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
