package chart

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Timeouts of a chart repository.
const (
	repositoryMax = time.Minute
	connectMax    = 10 * time.Second
)

// repository is a chart repository on an HTTP server.
type repository struct {
	client  *http.Client
	address *url.URL
	access  Access
	reach   func(host string) Reach
}

// chart returns the packed chart of a version or, for a constraint, of the newest matching
// version. verified is true if index and chart came from hosts with a verified identity.
func (r repository) chart(ctx context.Context, name, version string) (data []byte, verified bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, repositoryMax)
	defer cancel()
	text, verified, err := r.get(ctx, r.address.JoinPath("index.yaml"), maxIndexBytes)
	if err != nil {
		return nil, false, err
	}
	entries, err := readIndex(text, name)
	if err != nil {
		return nil, false, fmt.Errorf("index.yaml of the repository: %w", err)
	}
	entry, err := choose(entries, version)
	if err != nil {
		return nil, false, err
	}
	at, err := url.Parse(entry.URLs[0])
	if err != nil {
		return nil, false, errors.New("index.yaml of the repository has an address that is not valid")
	}
	base := *r.address
	base.Path = strings.TrimSuffix(base.Path, "/") + "/"
	data, same, err := r.get(ctx, base.ResolveReference(at), maxChartBytes)
	if err != nil {
		return nil, false, err
	}
	want := strings.TrimPrefix(entry.Digest, "sha256:")
	if want != "" && want != digestOf(data) {
		return nil, false, fmt.Errorf("the digest of the chart is %s, but index.yaml has %s", digestOf(data), want)
	}
	return data, verified && (same || want != ""), nil
}

// verifies reports whether the identity of a host is verified.
func (r repository) verifies(address *url.URL) bool {
	reach := r.reach(address.Host)
	return reach == Local || reach == Verified && address.Scheme == "https"
}

// login adds the credentials to a request to the repository's own host. Over plain HTTP they are
// sent only if the user allows plain HTTP for the host: the address comes from the cluster, and
// credentials in clear text can be read on the network.
func (r repository) login(request *http.Request) (withheld bool) {
	at := request.URL
	if r.access.Username == "" || !safehttp.SameOrigin(at, r.address) {
		return false
	}
	if at.Scheme != "https" && r.reach(at.Host) == Verified {
		return true
	}
	request.SetBasicAuth(r.access.Username, r.access.Password)
	return false
}

// get reads a file of the repository. Credentials are sent only to the repository's own host.
// verified is true if the identity of the host was verified.
func (r repository) get(ctx context.Context, address *url.URL, limit int64) (data []byte, verified bool, err error) {
	if address.Scheme != "http" && address.Scheme != "https" {
		return nil, false, fmt.Errorf("charts cannot be pulled from %q addresses", address.Scheme)
	}
	// A server that does not answer has a shorter timeout than a slow one.
	ctx, cancel := context.WithCancel(safehttp.WithBodyLimit(ctx, limit+1))
	defer cancel()
	timer := time.AfterFunc(connectMax, cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, false, err
	}
	withheld := r.login(request)
	client := *r.client
	client.CheckRedirect = safehttp.CheckRedirect // for every client
	response, err := client.Do(request)
	if !timer.Stop() && err != nil {
		err = &url.Error{Op: "Get", URL: withoutUser(address.String()), Err: fmt.Errorf("no answer after %s", connectMax)}
	}
	if err != nil {
		return nil, false, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusUnauthorized && withheld:
		return nil, false, fmt.Errorf("%s: %s; the credentials of the repository were not sent over plain HTTP; if you trust the connection, pass --plain-http %s",
			withoutUser(address.String()), response.Status, address.Host)
	case response.StatusCode != http.StatusOK:
		return nil, false, fmt.Errorf("%s: %s", withoutUser(address.String()), response.Status)
	}
	data, err = bounded.ReadAll(response.Body, limit)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", withoutUser(address.String()), err)
	}
	return data, r.verifies(address) && r.verifies(response.Request.URL), nil
}
