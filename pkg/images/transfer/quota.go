package transfer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// quota is the pull quota of a registry.
type quota struct {
	host     string // name in messages
	limit    int    // pulls in a window; 0: unknown
	window   time.Duration
	patience time.Duration // longest wait for pulls; 0: no image waits

	turn      *semaphore.Weighted // held while an image is admitted; all of it: alone
	mu        sync.Mutex
	remaining int
}

// enter lets an image be admitted. The caller must call leave.
func (q *quota) enter(ctx context.Context) (leave func(), err error) {
	weight := int64(together)
	if q.left() >= plenty*together {
		weight = 1
	}
	return func() { q.turn.Release(weight) }, q.turn.Acquire(ctx, weight)
}

func (q *quota) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.remaining
}

func (q *quota) set(remaining int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remaining = remaining
}

// take takes pulls, all or none.
func (q *quota) take(pulls int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if pulls > q.remaining {
		return false
	}
	q.remaining -= pulls
	return true
}

func (q *quota) warning(images, least int) string {
	text := fmt.Sprintf("%s allows %d more pulls in %s, and the %d images to copy from %s need at least %d", q.host, q.remaining, short(q.window), images, q.host, least)
	if q.patience > 0 {
		return text + ": the copy waits until the registry allows more pulls"
	}
	return text + ": the other images will fail. To copy all images, " + q.remedy()
}

func (q *quota) remedy() string {
	return fmt.Sprintf("log in with `docker login` or `podman login`, pull through a cache with --registry-map %s=CACHE, allow the wait with --max-wait %s, "+
		"or run the command again in %s (copied images are not copied again)", q.host, short(q.window), short(q.window))
}

// short formats a duration without zero minutes and seconds at the end.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (q *quota) refusal(pulls int) error {
	return &failure.RejectedError{
		As:     images.ClassRateLimit,
		Msg:    fmt.Sprintf("%s allows %d more pulls in %s, and the image needs %d", q.host, q.left(), short(q.window), pulls),
		Advice: q.remedy(),
	}
}
