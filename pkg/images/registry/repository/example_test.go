package repository_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

func ExampleSession_Push() {
	server := httptest.NewServer(registrytest.New(registrytest.Options{}))
	defer server.Close()

	content := []byte("the content of a layer")
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		fmt.Println(err)
		return
	}
	open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content[offset:])), nil
	}
	results := map[storage.Pushed]string{storage.Uploaded: "uploaded", storage.Existed: "exists", storage.Mounted: "mounted"}
	capabilities := &repository.Capabilities{}
	for _, push := range []struct{ to, from string }{{"team/app", ""}, {"team/app", ""}, {"team/tool", "team/app"}} {
		repo, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://")+"/"+push.to, name.Insecure)
		if err != nil {
			fmt.Println(err)
			return
		}
		session := repository.New(repo, http.DefaultTransport, true)
		pushed, err := session.Push(context.Background(), v1.Descriptor{Digest: digest, Size: size}, push.from, capabilities, &repository.UploadSession{}, open)
		fmt.Println(push.to, results[pushed], err)
	}
	// Output:
	// team/app uploaded <nil>
	// team/app exists <nil>
	// team/tool mounted <nil>
}
