package kkp

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// Bounds of what is kept of the pods of a user cluster, whose users create them.
const (
	maxUserPodsBytes  = 256 << 20 // that are read, in Protocol Buffers
	userPodsPerPage   = 2500      // so that most user clusters need one request; their pods pass one by one
	maxUserImageBytes = 1 << 20   // names of images and pods that are kept
	maxUserPulls      = 100       // pods with images that cannot be pulled; there are no more in the summary
)

// PodUse is what pods of one cluster name, without the pods themselves.
type PodUse struct {
	Pods   int
	Images []ImageUse // ordered by image
	Pulls  []PodPull
}

// ImageUse is an image as pods name it.
type ImageUse struct {
	Image string
	Pods  int
	First string // namespace/name of one of the pods
}

// PodPull is a container of a pod whose image cannot be pulled.
type PodPull struct {
	FailedPull

	Pod string // namespace/name
}

// UseOf summarizes pods.
func UseOf(pods []Pod) PodUse {
	c := podCounter{images: map[string]*ImageUse{}}
	for _, pod := range pods {
		c.add(pod)
	}
	return c.use()
}

// podCounter counts pods by their images.
type podCounter struct {
	pods   int
	images map[string]*ImageUse
	pulls  []PodPull
	size   int // of the names that are kept, in bytes
}

func (c *podCounter) add(pod Pod) {
	c.pods++
	id := pod.Namespace + "/" + pod.Name
	distinct := slices.Compact(slices.Sorted(slices.Values(pod.Images)))
	for _, image := range distinct {
		use := c.images[image]
		if use == nil {
			use = &ImageUse{Image: image, First: id}
			c.images[image] = use
			c.size += len(image) + len(id)
		}
		use.Pods++
		use.First = min(use.First, id)
	}
	for _, pull := range pod.Pulls {
		c.pulls = append(c.pulls, PodPull{pull, id})
	}
}

func (c *podCounter) use() PodUse {
	use := PodUse{Pods: c.pods, Pulls: c.pulls}
	for _, image := range slices.Sorted(maps.Keys(c.images)) {
		use.Images = append(use.Images, *c.images[image])
	}
	slices.SortStableFunc(use.Pulls, func(a, b PodPull) int { return cmp.Compare(a.Pod, b.Pod) })
	return use
}

// tooManyImagesError says that the pods of a user cluster name more images than are kept.
type tooManyImagesError struct{}

func (*tooManyImagesError) Error() string {
	return fmt.Sprintf("its pods name more than %d KiB of different images; the rest was not read", maxUserImageBytes>>10)
}

// podUse summarizes all pods of a user cluster while it reads them.
func podUse(ctx context.Context, client Client) (PodUse, error) {
	c := podCounter{images: map[string]*ImageUse{}}
	q := query{resource: CoreResource("pods"), maxBytes: maxUserPodsBytes, perPage: userPodsPerPage}
	err := eachAs(ctx, client, q, podMedia, decodePods, func(view podView, err error) error {
		if err != nil {
			return view.failed("Pod", err)
		}
		pod := view.pod()
		if left := maxUserPulls - len(c.pulls); len(pod.Pulls) > left {
			pod.Pulls = pod.Pulls[:left]
		}
		c.add(pod)
		if c.size > maxUserImageBytes {
			return &tooManyImagesError{}
		}
		return nil
	})
	return c.use(), err
}
