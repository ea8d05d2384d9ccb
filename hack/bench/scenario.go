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
	Changed int    // repositories that change before the second phase; 0: only a cold sync
	Archive bool   // write an archive, and load it, instead of a sync
	Ours    bool   // run only this plugin's engine
	As      string // well-known host whose budget counts for the source; "": none
	Once    bool   // one round is enough, because the limit decides

	// Budgets, which are checked; 0: none.
	Budget   float64 // × limit
	OneByOne float64 // times as fast as one by one
	Regsync  float64 // times as fast as regsync
}

// sixtyImages is the scenario with which loading an archive is compared.
const sixtyImages = "60 images on shared bases"

// The link of the budgets: 20 ms per request, 40 MB/s.
func wan() shape { return shape{Latency: 20 * time.Millisecond, Bandwidth: 40e6} }

// wanTo is the link of the budgets to a real registry.
func wanTo(registry string) shape {
	s := wan()
	s.Target = registry
	return s
}

func sixty() registrytest.Fleet {
	return registrytest.Fleet{Repositories: 60, Bases: 3, BaseSize: 232e3, OwnSize: 585e3, Seed: 1}
}

// many is the number of images of an installation of KKP.
func many() registrytest.Fleet {
	return registrytest.Fleet{Repositories: 350, Bases: 3, BaseSize: 20e3, OwnSize: 10e3, Seed: 5}
}

func scenarios() []scenario {
	return append([]scenario{
		{Name: sixtyImages, Link: wan(), Changed: 6, Fleet: sixty(), Budget: 1.2, OneByOne: 10, Regsync: 3},
		{Name: "60 images to docker-registry 2.8", Link: wanTo(dockerRegistry), Fleet: sixty(), Budget: 1.2, OneByOne: 10, Regsync: 3},
		{Name: "60 images to distribution v3", Link: wanTo(distribution), Fleet: sixty(), Budget: 1.2, OneByOne: 10, Regsync: 3},
		{
			Name: "3 images with large layers", Link: wan(), Changed: 1, Budget: 1.2,
			Fleet: registrytest.Fleet{Repositories: 3, Bases: 1, BaseSize: 2e6, OwnSize: 24e6, Seed: 2},
		},
		{
			Name: "20 repositories with 6 tags each", Link: wan(), Changed: 2, Budget: 1.8,
			Fleet: registrytest.Fleet{Repositories: 20, Tags: 6, Bases: 2, BaseSize: 300e3, OwnSize: 150e3, Seed: 3},
		},
		{
			Name: "layers of 2 GiB", Link: shape{Latency: time.Millisecond, Forget: 1 << 20}, Ours: true,
			Fleet: registrytest.Fleet{Repositories: 1, OwnSize: 2 << 30, Seed: 4},
		},
		{Name: "60 images in an archive", Link: wan(), Archive: true, Fleet: sixty(), Budget: 1.2, OneByOne: 8},
	}, limited()...)
}

// limited returns the scenarios with sources that limit requests, like quay.io, and pulls,
// like Docker Hub.
func limited() []scenario {
	source := func(limits registrytest.Limits) shape {
		s := wan()
		s.Limits = limits
		return s
	}
	return []scenario{
		{
			Name: "350 images from a quay", Link: source(registrytest.Limits{PerSecond: 25, Burst: 100}),
			Fleet: many(), Ours: true, As: "quay.io", Once: true, Budget: 1.1,
		},
		{
			Name: "350 images from a quay with Retry-After", Link: source(registrytest.Limits{PerSecond: 25, Burst: 100, RetryAfter: true}),
			Fleet: many(), Ours: true, As: "quay.io", Once: true, Budget: 1.1,
		},
		{
			Name: "350 images from a registry without a budget", Link: source(registrytest.Limits{PerSecond: 50, Burst: 100}),
			Fleet: many(), Ours: true, Once: true, Budget: 1.1,
		},
		{
			Name: "350 images from a Docker Hub", Link: source(registrytest.Limits{Pulls: 360, Window: time.Minute}),
			Fleet: many(), Ours: true, Once: true, Budget: 1.1,
		},
	}
}
