package main

import (
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// podScenario is a set of images that the pods of a Job copy.
type podScenario struct {
	Name  string
	Link  shape
	Host  string // of the source, as the images name the host
	Fleet registrytest.Fleet
	Pods  []int // numbers of pods, each measured alone

	// Budgets, which are checked; 0: none.
	One    float64 // × limit, for one pod
	Faster float64 // times as fast as one pod, for the largest number of pods
}

// Hosts of sources: one without a documented limit, and two with one (see pace.WellKnown).
const (
	plainHost = "source.example.com"
	quayHost  = "quay.io"
	k8sHost   = "registry.k8s.io"
)

// podBandwidth is the bandwidth of a link to pods, in bytes per second. It is so low that the link
// decides, and not the CPUs of this machine.
const podBandwidth = 8e6

// k8sPerSecond is the limit of registry.k8s.io: about 5,000 requests per minute for an address.
const k8sPerSecond = 5000.0 / 60

func podScenarios() []podScenario {
	lan := shape{Latency: nearby, Bandwidth: podBandwidth, Apart: true}
	wan := shape{Latency: 20 * time.Millisecond, Bandwidth: podBandwidth, Near: true}
	limited := func(limits registrytest.Limits) shape {
		return shape{Latency: 20 * time.Millisecond, Bandwidth: 40e6, Near: true, Limits: limits}
	}
	one, small := sixty(), sixty()
	one.Bases = 1
	small.BaseSize, small.OwnSize = 20e3, 10e3
	more := small
	more.Repositories = 150
	return []podScenario{
		{Name: "LAN: a link for each pod", Link: lan, Host: plainHost, Fleet: sixty(), Pods: []int{1, 3}, One: 1.2, Faster: 2.2},
		{Name: "LAN, all images on one base", Link: lan, Host: plainHost, Fleet: one, Pods: []int{1, 3}, One: 1.2},
		{Name: "WAN: one link for all pods", Link: wan, Host: plainHost, Fleet: sixty(), Pods: []int{1, 3}, One: 1.2},
		{
			Name: "a quay.io, 25 requests per second", Link: limited(registrytest.Limits{PerSecond: 25, Burst: 100}),
			Host: quayHost, Fleet: small, Pods: []int{1, 3},
		},
		{
			Name: "a registry.k8s.io, 83 requests per second", Link: limited(registrytest.Limits{PerSecond: k8sPerSecond, Burst: 100}),
			Host: k8sHost, Fleet: more, Pods: []int{1, 3},
		},
		{Name: "5,000 images, no limits", Link: shape{Near: true}, Host: plainHost, Fleet: thousands(), Pods: []int{1}},
	}
}

// thousands is a number of images that no installation of KKP has today.
func thousands() registrytest.Fleet {
	return registrytest.Fleet{Repositories: 5000, Bases: 3, BaseSize: 20e3, OwnSize: 2e3, Seed: 6}
}
