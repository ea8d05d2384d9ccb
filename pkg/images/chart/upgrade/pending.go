package upgrade

import (
	"fmt"

	"helm.sh/helm/v3/pkg/release"
)

// PendingError says that an earlier upgrade or rollback of a release was interrupted. Helm refuses
// further upgrades until the release is repaired.
type PendingError struct {
	Revision int
	Status   string // "pending-upgrade"
	Good     int    // the revision that is installed
}

func (e *PendingError) Error() string {
	return fmt.Sprintf("revision %d is %s, because an earlier upgrade was interrupted; the last installed revision is %d", e.Revision, e.Status, e.Good)
}

// pending returns a *PendingError if the newest revision is neither installed nor failed.
func (r Upgrade) pending(store *snapshot) error {
	newest, err := store.releases().Last(r.Name)
	if err != nil || newest.Info == nil || !newest.Info.Status.IsPending() {
		return nil //nolint:nilerr // a release without revisions has no pending one
	}
	good := &PendingError{Revision: newest.Version, Status: newest.Info.Status.String()}
	history, err := store.releases().History(r.Name)
	if err != nil {
		return err
	}
	for _, revision := range history {
		installed := revision.Info.Status == release.StatusDeployed || revision.Info.Status == release.StatusSuperseded
		if installed && revision.Version > good.Good {
			good.Good = revision.Version
		}
	}
	return good
}
