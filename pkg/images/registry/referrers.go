package registry

import (
	"context"
	"errors"
	"net/http"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

// Most images have no referrers. Two facts save requests for these images, and a run finds
// out each of them once: the tags of a repository that are derived from digests, and whether
// a registry has the referrers API.

// Referrers implements storage.Source. If the registry has no referrers API, Referrers reads
// the index under the fallback tag (OCI distribution-spec, "Referrers Tag Schema").
func (s *Storage) Referrers(ctx context.Context, digest string) ([]v1.Descriptor, error) {
	list, answered, err := s.listed(ctx, digest)
	if err != nil || answered {
		return list, err
	}
	tag := oci.DigestTag(digest)
	if lacks, err := s.Lacks(ctx, tag); lacks || err != nil {
		return nil, err
	}
	if _, err := s.Resolve(ctx, tag); err != nil {
		return nil, unlessRefused(err)
	}
	m, err := s.Manifest(ctx, tag)
	return m.Entries(), unlessRefused(err)
}

// Lists reports whether the registry lists a manifest with this subject as a referrer when the
// manifest is written, because the registry has the referrers API.
func (s *Storage) Lists(ctx context.Context, subject string) (bool, error) {
	_, answered, err := s.listed(ctx, subject)
	return answered, err
}

// unlessRefused returns an error, or nil if the registry refused the request: then the tag
// does not exist.
func unlessRefused(err error) error {
	if failure.IsRefusal(err) {
		return nil
	}
	return err
}

// listed queries the referrers API. answered is false if the registry has none.
func (s *Storage) listed(ctx context.Context, digest string) (list []v1.Descriptor, answered bool, err error) {
	asked := false
	ask := func() (bool, error) {
		asked = true
		list, err = s.askReferrers(ctx, digest)
		answered = err == nil
		if failure.IsRefusal(err) {
			missing := isMissing(err)
			err = nil
			return !missing, nil
		}
		return true, err
	}
	at := s.Location()
	project, _, _ := strings.Cut(strings.TrimPrefix(at.Name, at.Registry+"/"), "/")
	possible, failed := s.run.listings.Do(ctx, at.Queue+"/"+project, ask)
	if failed != nil {
		return nil, false, failed
	}
	if possible && !asked {
		_, err = ask()
	}
	return list, answered, err
}

func (s *Storage) askReferrers(ctx context.Context, digest string) (list []v1.Descriptor, err error) {
	err = s.request(ctx, "referrers of "+digest, func(ctx context.Context, session *repository.Session) error {
		list, err = session.Referrers(ctx, digest)
		return err
	})
	return list, err
}

// isMissing reports whether a registry does not know the path of a request. Another refusal
// may concern one repository.
func isMissing(err error) bool {
	var answer *status.Error
	return errors.As(err, &answer) && (answer.NotFound() || answer.Answer.StatusCode == http.StatusMethodNotAllowed)
}

// Lacks reports whether the repository has no tag that is derived from a digest, without a
// request for the tag. It is false if that is not certain. The first call for a repository
// lists its tags.
//
// The list of a target is not used, because the run changes it. The list behind a registry
// map is not used, because a pull-through cache may list only the tags that it has cached.
// A list that lacks the tag of the image is not used either.
func (s *Storage) Lacks(ctx context.Context, tag string) (bool, error) {
	if s.endpoint.Push || s.endpoint.mapped {
		return false, nil
	}
	tags, err := s.run.tags.Do(ctx, s.Location().Name, func() (repository.Tags, error) { return s.digestTags(ctx) })
	if err != nil || (s.tag != "" && tags.Lacks(s.tag)) {
		return false, err
	}
	return tags.Lacks(tag), nil
}

// digestTags lists the tags of the repository. If that fails, all tags are unknown: each is
// then requested.
func (s *Storage) digestTags(ctx context.Context) (tags repository.Tags, err error) {
	err = s.request(ctx, "list of tags", func(ctx context.Context, session *repository.Session) error {
		var answer *status.Error
		tags, err = session.DigestTags(ctx)
		if errors.As(err, &answer) && answer.Answer.StatusCode >= http.StatusInternalServerError {
			return nil // no retry
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		err = nil
	}
	return tags, err
}
