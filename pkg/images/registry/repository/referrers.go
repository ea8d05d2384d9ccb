package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Bounds of a list of referrers, which a registry may split into pages (OCI
// distribution-spec, "Listing Referrers").
const (
	maxPages     = 100
	maxReferrers = 16 << 20 // bytes, of all pages together
)

// Referrers lists the manifests whose subject is a digest, with the referrers API of the
// registry. The error of a registry without this API is a *status.Error for which
// failure.IsRefusal is true.
func (s *Session) Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	page, err := s.referrers(ctx, s.url("referrers", digest), maxReferrers)
	all, size := page.entries, page.size
	for pages := 1; err == nil && page.next != ""; pages++ {
		if pages == maxPages {
			return nil, endless(fmt.Sprintf("it has more than %d pages", maxPages))
		}
		page, err = s.referrers(ctx, page.next, maxReferrers-size)
		all, size = append(all, page.entries...), size+page.size
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// endless returns the error for a list of referrers that exceeds a bound.
func endless(why string) error {
	return &failure.RejectedError{
		As: images.ClassPolicy, Msg: "the list of referrers is too long: " + why,
		Advice: "delete unused referrers, or leave all referrers out with --no-referrers",
	}
}

// page is one page of a list of referrers.
type page struct {
	entries []v1.Descriptor
	size    int64  // in bytes
	next    string // address of the next page, or ""
}

// referrers reads one page of at most limit bytes.
func (s *Session) referrers(ctx context.Context, address string, limit int64) (page, error) {
	req, err := http.NewRequestWithContext(safehttp.WithBodyLimit(ctx, maxReferrers+1), http.MethodGet, address, nil)
	if err != nil {
		return page{}, err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	if err := s.check(resp, http.StatusOK); err != nil {
		return page{}, err
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), string(types.OCIImageIndex)) {
		return page{}, &status.Error{Answer: &transport.Error{StatusCode: http.StatusNotFound}} // not a referrers API: the registry interprets the path differently
	}
	raw, err := bounded.ReadAll(resp.Body, limit)
	var exceeded *bounded.ExceededError
	if errors.As(err, &exceeded) {
		return page{}, endless(fmt.Sprintf("it is larger than %d MiB", maxReferrers>>20))
	}
	if err != nil {
		return page{}, err
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(raw, &index); err != nil {
		return page{}, fmt.Errorf("the list of referrers: %w", err)
	}
	next, err := s.nextPage(resp)
	return page{entries: index.Manifests, size: int64(len(raw)), next: next}, err
}
