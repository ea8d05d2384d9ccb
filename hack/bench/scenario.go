package main

import (
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// scenario is a set of images on a link.
type scenario struct {
	Name    string
	Link    shape
	Fleet   registrytest.Fleet
	Changed int  // repositories that change before the second phase; 0: only a cold sync
	Ours    bool // run only this plugin's engine
	Budget  bool // check the budgets for speed
}

// The link of the budgets: 20 ms per request, 40 MB/s.
func wan() shape { return shape{Latency: 20 * time.Millisecond, Bandwidth: 40e6} }

func scenarios() []scenario {
	return []scenario{
		{
			Name: "60 images on shared bases", Link: wan(), Changed: 6, Budget: true,
			Fleet: registrytest.Fleet{Repositories: 60, Bases: 3, BaseSize: 232e3, OwnSize: 585e3, Seed: 1},
		},
		{
			Name: "3 images with large layers", Link: wan(), Changed: 1, Budget: true,
			Fleet: registrytest.Fleet{Repositories: 3, Bases: 1, BaseSize: 2e6, OwnSize: 24e6, Seed: 2},
		},
		{
			Name: "20 repositories with 6 tags each", Link: wan(), Changed: 2,
			Fleet: registrytest.Fleet{Repositories: 20, Tags: 6, Bases: 2, BaseSize: 300e3, OwnSize: 150e3, Seed: 3},
		},
		{
			Name: "layers of 2 GiB", Link: shape{Latency: time.Millisecond, Forget: 1 << 20}, Ours: true,
			Fleet: registrytest.Fleet{Repositories: 1, OwnSize: 2 << 30, Seed: 4},
		},
	}
}
