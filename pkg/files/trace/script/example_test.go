package script_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

func ExampleBook_Parse() {
	var book script.Book
	_, err := book.Parse("/opt/bin/setup", `set -e
if [ ! -f /opt/bin/kubelet ]; then
  curl -Lo /opt/bin/kubelet "https://dl.k8s.io/$VERSION/bin/linux/amd64/kubelet"
fi
systemctl restart kubelet
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, site := range book.Sites {
		fmt.Printf("%s:%d downloads: %t, branches: %d, %s\n", site.File, site.Line, site.Fetches, len(site.Branches), site.Text)
	}
	// Output:
	// /opt/bin/setup:1 downloads: false, branches: 0, set -e
	// /opt/bin/setup:2 downloads: false, branches: 0, [ ! -f /opt/bin/kubelet ]
	// /opt/bin/setup:3 downloads: true, branches: 1, curl -Lo /opt/bin/kubelet "https://dl.k8s.io/$VERSION/bin/linux/amd64/kubelet"
	// /opt/bin/setup:5 downloads: false, branches: 0, systemctl restart kubelet
}

func ExampleReadable() {
	fmt.Println(script.Readable("https://dl.k8s.io/" + script.Value("VERSION") + "/kubelet"))
	// Output: https://dl.k8s.io/<VERSION>/kubelet
}
