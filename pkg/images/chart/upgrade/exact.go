package upgrade

import (
	"bytes"
	"errors"
	"io"
	"time"

	"helm.sh/helm/v3/pkg/kube"
)

// errUntried says that a chart gave something else than when it was tried.
var errUntried = errors.New("the chart renders to something else than when it was tried, or the release was changed in the meantime; nothing of that is applied")

// exactClient lets Helm apply what was tried, and nothing else: a template can tell one
// rendering from the next, by chance, by the time, or by what it looks up.
type exactClient struct {
	kube.Interface
	tried map[string]bool
}

// Build implements kube.Interface. Helm makes all objects that it changes here.
func (c exactClient) Build(reader io.Reader, validate bool) (kube.ResourceList, error) {
	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	if !c.tried[string(text)] {
		return nil, errUntried
	}
	return c.Interface.Build(bytes.NewReader(text), validate)
}

// WaitForDelete implements kube.InterfaceExt, by which Helm waits for hooks to be gone before
// it makes them again.
func (c exactClient) WaitForDelete(resources kube.ResourceList, timeout time.Duration) error {
	if client, ok := c.Interface.(kube.InterfaceExt); ok {
		return client.WaitForDelete(resources, timeout)
	}
	return nil
}
