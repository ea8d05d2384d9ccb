package kkp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
)

// userPart is a part that is read in user clusters. Both functions get the index of the user cluster
// in its Seed.
type userPart struct {
	read func(ctx context.Context, i int, user userClient) error
	done func(i int, err error) []Unread // called once for each user cluster, also without an error
}

// readUsers reads the user clusters of a Seed through their own APIs, each with one connection.
func (l *loader) readUsers(ctx context.Context, client Client, seed *Seed) []Unread {
	parts := l.userParts(seed)
	if len(parts) == 0 {
		return nil
	}
	outcomes := make([][]error, len(seed.Clusters)) // of each user cluster: of each part that was tried
	reach := func(ctx context.Context, i int, user userClient) error {
		for _, part := range parts {
			err := part.read(ctx, i, user)
			outcomes[i] = append(outcomes[i], err)
			if ctx.Err() != nil || errors.As(err, new(*url.Error)) {
				return cmp.Or(err, ctx.Err()) // every further request would have the same timeout
			}
		}
		return nil
	}
	failures := l.clusters.ask(ctx, "Seed "+seed.Name, seed.Clusters, kubeconfigsOf(ctx, client, seed.Clusters), reach)
	var missed []Unread
	for k, part := range parts {
		for i, failure := range failures {
			err := failure
			if k < len(outcomes[i]) && (failure == nil || outcomes[i][k] == nil) {
				err = unread("user cluster "+seed.Clusters[i].Name, outcomes[i][k])
			}
			missed = append(missed, part.done(i, err)...)
		}
	}
	return missed
}

// userParts are the parts of user clusters that are requested.
func (l *loader) userParts(seed *Seed) []userPart {
	var parts []userPart
	if l.asks(PartAccess) {
		parts = append(parts, l.userAccess(seed))
	}
	if l.wants(PartApps) {
		parts = append(parts, installedPart(seed))
	}
	if l.setups != nil {
		parts = append(parts, l.setups.part(seed))
	}
	if l.asks(PartUserPods) {
		parts = append(parts, podsPart(seed))
	}
	return parts
}

// subjectOf names a user cluster in an Unread.
func subjectOf(seed *Seed, i int) string {
	return "user cluster " + seed.Clusters[i].Name + " on Seed " + seed.Name
}

// userAccess reads what the kubeconfigs of user clusters allow.
func (l *loader) userAccess(seed *Seed) userPart {
	first := len(seed.access)
	seed.access = append(seed.access, make([]Access, len(seed.Clusters))...)
	rights := UserClusterRights(l.asks(PartUserPods))
	return userPart{
		read: func(ctx context.Context, i int, user userClient) error {
			seed.access[first+i] = accessToUser(ctx, user.Client, rights)
			if err := seed.access[first+i].Unknown; errors.As(err, new(*url.Error)) {
				return err
			}
			return nil
		},
		done: func(i int, err error) []Unread {
			access := &seed.access[first+i]
			access.Cluster, access.Seed, access.Err = subjectOf(seed, i), seed.Name, err
			return nil
		},
	}
}

// installedPart reads the installed applications.
func installedPart(seed *Seed) userPart {
	installed := make([][]Installed, len(seed.Clusters))
	return userPart{
		read: func(ctx context.Context, i int, user userClient) (err error) {
			installed[i], err = installedIn(ctx, user.Client)
			return err
		},
		done: func(i int, err error) []Unread {
			seed.installed = append(seed.installed, installed[i]...)
			if err == nil {
				return nil
			}
			if seed.installedUnknown == nil {
				seed.installedUnknown = fmt.Errorf("user cluster %s: %w", seed.Clusters[i].Name, err)
			}
			return []Unread{{PartInstalled, subjectOf(seed, i), err}}
		},
	}
}

// part reads what sets up nodes.
func (s *setups) part(seed *Seed) userPart {
	for i := range seed.Clusters {
		seed.Clusters[i].Setup = &NodeSetup{}
	}
	return userPart{
		read: func(ctx context.Context, i int, user userClient) error {
			return s.read(ctx, user, seed.Clusters[i].Setup)
		},
		done: func(i int, err error) []Unread {
			if err == nil {
				return nil
			}
			c := seed.Clusters[i]
			c.Setup.Err = fmt.Errorf("user cluster %s: %w", c.Name, err)
			return []Unread{{PartProfiles, subjectOf(seed, i), c.Setup.Err}}
		},
	}
}

// podsPart reads what the pods of user clusters name.
func podsPart(seed *Seed) userPart {
	for i := range seed.Clusters {
		seed.Clusters[i].PodUse = &PodUse{}
	}
	return userPart{
		read: func(ctx context.Context, i int, user userClient) (err error) {
			*seed.Clusters[i].PodUse, err = podUse(ctx, user.Client)
			return err
		},
		done: func(i int, err error) []Unread {
			if err == nil {
				return nil
			}
			return []Unread{{PartUserPods, "pods in " + subjectOf(seed, i), err}}
		},
	}
}
