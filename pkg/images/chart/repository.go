package chart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"
)

// Bounds of what a chart repository may send, and how long that may take.
const (
	maxIndexBytes = 64 << 20
	repositoryMax = time.Minute
	connectMax    = 10 * time.Second
)

// repository is a chart repository on an HTTP server.
type repository struct {
	client  *http.Client
	address *url.URL
	access  Access
}

// index is the part of a repository's index.yaml that is read
// (https://helm.sh/docs/topics/chart_repository/).
type index struct {
	Entries map[string][]indexEntry `json:"entries"`
}

type indexEntry struct {
	Version string   `json:"version"`
	URLs    []string `json:"urls"`
	Digest  string   `json:"digest"`
}

// chart returns the packed chart of a version or, for a constraint, of the newest version
// that satisfies it.
func (r repository) chart(ctx context.Context, name, version string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, repositoryMax)
	defer cancel()
	text, err := r.get(ctx, r.address.JoinPath("index.yaml"), maxIndexBytes)
	if err != nil {
		return nil, err
	}
	var found index
	if err := yaml.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("its index.yaml: %w", err)
	}
	entry, err := choose(found.Entries[name], version)
	if err != nil {
		return nil, err
	}
	at, err := url.Parse(entry.URLs[0])
	if err != nil {
		return nil, errors.New("its index.yaml has an address that cannot be read")
	}
	base := *r.address
	base.Path = strings.TrimSuffix(base.Path, "/") + "/"
	data, err := r.get(ctx, base.ResolveReference(at), maxChartBytes)
	if err != nil {
		return nil, err
	}
	if want := strings.TrimPrefix(entry.Digest, "sha256:"); want != "" && want != digestOf(data) {
		return nil, fmt.Errorf("the chart is not what index.yaml says: its digest is %s, not %s", digestOf(data), want)
	}
	return data, nil
}

// choose returns the entry of a version.
func choose(entries []indexEntry, version string) (indexEntry, error) {
	constraint, _ := semver.NewConstraint(version)
	var best indexEntry
	var newest *semver.Version
	for _, entry := range entries {
		if len(entry.URLs) == 0 {
			continue
		}
		if strings.TrimPrefix(entry.Version, "v") == strings.TrimPrefix(version, "v") {
			return entry, nil
		}
		v, err := semver.NewVersion(entry.Version)
		if err == nil && constraint != nil && constraint.Check(v) && (newest == nil || v.GreaterThan(newest)) {
			best, newest = entry, v
		}
	}
	if newest == nil {
		return best, errors.New("the repository does not have it")
	}
	return best, nil
}

// get reads from the repository. Credentials are sent to its own host only.
func (r repository) get(ctx context.Context, address *url.URL, limit int64) ([]byte, error) {
	if address.Scheme != "http" && address.Scheme != "https" {
		return nil, fmt.Errorf("charts are not read from %q addresses", address.Scheme)
	}
	// A server that does not answer at all is given up before one that is slow.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(connectMax, cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	if r.access.Username != "" && address.Host == r.address.Host && address.Scheme == r.address.Scheme {
		request.SetBasicAuth(r.access.Username, r.access.Password)
	}
	response, err := r.client.Do(request)
	if !timer.Stop() && err != nil {
		err = &url.Error{Op: "Get", URL: withoutUser(address.String()), Err: fmt.Errorf("no answer after %s", connectMax)}
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", withoutUser(address.String()), response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d MiB", withoutUser(address.String()), limit>>20)
	}
	return data, err
}
