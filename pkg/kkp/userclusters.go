package kkp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"k8s.io/client-go/rest"
)

// Bounds of reading user clusters through their own APIs.
const (
	userClustersAtOnce = 32
	userClusterTime    = 20 * time.Second // for one user cluster, from the connection to the last byte

	// maxSilent is the number of user clusters that may use up their time. If more do, the network
	// between is down, and each further user cluster would cost the same time.
	maxSilent = 32
)

// adminKubeconfig is the Secret with the kubeconfig of a user cluster, in the namespace of its
// control plane (kubermatic pkg/resources, v2.31.0).
const adminKubeconfig = "admin-kubeconfig"

// userClusters connects to the APIs of user clusters, and bounds how many are asked at once.
type userClusters struct {
	connect  Connect
	slots    *semaphore.Weighted
	progress func(read, known int)

	mu          sync.Mutex // of the progress
	read, known int
}

func newUserClusters(connect Connect, progress func(read, known int)) *userClusters {
	return &userClusters{connect: connect, slots: semaphore.NewWeighted(userClustersAtOnce), progress: progress}
}

// add notes that so many more user clusters were read and are known.
func (u *userClusters) add(read, known int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.read, u.known = u.read+read, u.known+known
	if u.progress != nil {
		u.progress(u.read, u.known)
	}
}

// userClient is a client of a user cluster.
type userClient struct {
	Client

	server string // address of the API
}

// silentError says that a user cluster was not asked, because many others did not answer.
type silentError struct{ seed string }

func (e *silentError) Error() string { return e.Cause() }

// Cause returns the common cause of all user clusters that were not asked.
func (e *silentError) Cause() string {
	return fmt.Sprintf("%d user clusters of %s did not answer within %s each, so the others were not asked", maxSilent, e.seed, userClusterTime)
}

// ask calls do with a client for each user cluster of a Seed, several concurrently, and returns
// the error of each. A user cluster that cannot be read does not affect the others.
func (u *userClusters) ask(ctx context.Context, seed string, clusters []Cluster, configs *kubeconfigs, do func(context.Context, int, userClient) error) []error {
	u.add(0, len(clusters))
	failures := make([]error, len(clusters))
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	var silent atomic.Int32
	var group errgroup.Group
	for i, cluster := range clusters {
		if u.slots.Acquire(ctx, 1) != nil {
			failures[i] = context.Cause(ctx)
			continue
		}
		group.Go(func() error {
			defer u.add(1, 0)
			defer u.slots.Release(1)
			failures[i] = u.askOne(ctx, cluster, configs, func(ctx context.Context, client userClient) error { return do(ctx, i, client) })
			if errors.As(failures[i], new(*noAnswerError)) && silent.Add(1) == maxSilent {
				giveUp(&silentError{seed})
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in failures
	return failures
}

// askOne connects to a user cluster. Its error names the user cluster as the cause.
func (u *userClusters) askOne(ctx context.Context, cluster Cluster, configs *kubeconfigs, do func(context.Context, userClient) error) error {
	limited, cancel := context.WithTimeout(ctx, userClusterTime)
	defer cancel()
	config, err := configs.of(limited, cluster)
	if err == nil {
		var client Client
		if client, err = u.connect(config); err == nil {
			defer client.close()
			err = do(limited, userClient{client, config.Host})
		}
	}
	subject := "user cluster " + cluster.Name
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		return &UnreachableError{Cluster: subject, Err: &noAnswerError{}}
	default:
		return unread(subject, err)
	}
}

// noAnswerError says that a user cluster has used up its time.
type noAnswerError struct{}

func (*noAnswerError) Error() string {
	return fmt.Sprintf("no complete answer within %s", userClusterTime)
}

// askOf is ask for some user clusters of a Seed, to which it connects.
func askOf(ctx context.Context, master Client, seed Seed, clusters []Cluster, connect Connect, do func(context.Context, int, userClient) error) []error {
	client, err := seedClient(ctx, master, seed.Kubeconfig, connect)
	if err != nil {
		return slices.Repeat([]error{err}, len(clusters))
	}
	defer client.close()
	return newUserClusters(connect, nil).ask(ctx, "Seed "+seed.Name, clusters, kubeconfigsOf(ctx, client, clusters), do)
}

// kubeconfigs are the kubeconfigs of the user clusters of a Seed.
type kubeconfigs struct {
	seed Client
	all  map[string][]byte // by namespace; nil: they are read one by one
}

// kubeconfigsOf reads the kubeconfigs of user clusters of a Seed with one list, so that the right to
// list Secrets is enough. If that is not allowed, they are read one by one when they are needed.
func kubeconfigsOf(ctx context.Context, seed Client, clusters []Cluster) *kubeconfigs {
	configs := &kubeconfigs{seed: seed}
	q := query{resource: CoreResource("secrets"), fields: "metadata.name=" + adminKubeconfig}
	switch len(clusters) {
	case 0:
		return configs
	case 1:
		q.namespace = clusters[0].Namespace // the Secrets of other namespaces are not searched for one
	}
	known := map[string]bool{}
	for _, cluster := range clusters {
		known[cluster.Namespace] = true
	}
	all := map[string][]byte{}
	err := each(ctx, seed, q, func(view kubeconfigView, err error) error {
		if err == nil && known[view.Metadata.Namespace] && len(view.Data.Kubeconfig) > 0 {
			all[view.Metadata.Namespace] = view.Data.Kubeconfig
		}
		return nil
	})
	if err == nil {
		configs.all = all
	}
	return configs
}

// kubeconfigView is the part of a Secret with a kubeconfig that is read.
type kubeconfigView struct {
	header
	Data struct {
		Kubeconfig []byte `json:"kubeconfig"`
	} `json:"data"`
}

// of returns the configuration for the API of a user cluster.
func (k *kubeconfigs) of(ctx context.Context, cluster Cluster) (*rest.Config, error) {
	key := SecretKey{Namespace: cluster.Namespace, Name: adminKubeconfig, Key: "kubeconfig"}
	if k.all == nil {
		return secretConfig(ctx, k.seed, key)
	}
	kubeconfig, ok := k.all[cluster.Namespace]
	if !ok {
		return nil, errors.New("its kubeconfig is missing: the namespace " + cluster.Namespace + " has no Secret " + adminKubeconfig + " with the key kubeconfig")
	}
	return configFrom(kubeconfig, key)
}
