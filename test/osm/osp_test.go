// Package osm_test runs code of KKP's operating-system-manager (OSM) beside this project's: its controller for profiles on
// an API server of the sandbox, and its rendering of profiles. The versions of OSM that KKP 2.31 ships are not on the Go module
// proxy: this is the version of KKP 2.30. Its package pkg/controllers/osp is the same, to the byte, in v1.10.7 and v1.11.3.
package osm_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/zap"
	"k8c.io/operating-system-manager/pkg/controllers/osp"
	"k8c.io/operating-system-manager/pkg/crd/osm/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrlruntime "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	rewritten = "v1.11.2-mirror.c3f09a1b"
	patience  = 2 * time.Minute // for what happens
	silence   = 5 * time.Second // for what must not happen
)

// TestDefaultProfiles is why --replace-defaults switches the default profiles of OSM off, why copies
// of the new profiles wait until OSM has restarted, and why --revert leaves the copies to OSM.
func TestDefaultProfiles(t *testing.T) {
	cluster := userCluster(t)
	c := newClient(t, cluster)

	t.Run("with default profiles, OSM overwrites a rewritten one, and creates one that is deleted", func(t *testing.T) {
		stop := startOSM(t, cluster, false)
		defer stop()
		eventually(t, func() bool { return versionOf(t, c, "osp-ubuntu") != rewritten && versionOf(t, c, "osp-amzn2") != "" })
		original := versionOf(t, c, "osp-ubuntu")
		overwrite(t, c, "osp-ubuntu")
		eventually(t, func() bool { return versionOf(t, c, "osp-ubuntu") == original })
		remove(t, c, "osp-amzn2")
		eventually(t, func() bool { return versionOf(t, c, "osp-amzn2") != "" })
	})
	t.Run("without, OSM leaves both as they are", func(t *testing.T) {
		stop := startOSM(t, cluster, true)
		defer stop()
		overwrite(t, c, "osp-ubuntu")
		remove(t, c, "osp-amzn2")
		time.Sleep(silence)
		if got := versionOf(t, c, "osp-ubuntu"); got != rewritten {
			t.Errorf("osp-ubuntu is %s", got)
		}
		if got := versionOf(t, c, "osp-amzn2"); got != "" {
			t.Errorf("osp-amzn2 is there again: %s", got)
		}
	})
	t.Run("with default profiles again, a restarted OSM writes both", func(t *testing.T) {
		stop := startOSM(t, cluster, false)
		defer stop()
		eventually(t, func() bool {
			v := versionOf(t, c, "osp-ubuntu")
			return v != "" && v != rewritten && versionOf(t, c, "osp-amzn2") != ""
		})
	})
}

// TestMain has controller-runtime log nothing.
func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// startOSM runs OSM's controller for profiles until stop is called.
func startOSM(t *testing.T, cluster *rest.Config, withoutDefaults bool) (stop func()) {
	t.Helper()
	again := true
	m, err := ctrlruntime.NewManager(cluster, ctrlruntime.Options{
		Scheme: scheme(t), Metrics: server.Options{BindAddress: "0"}, Logger: logr.Discard(), Controller: config.Controller{SkipNameValidation: &again},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := osp.Add(m, zap.NewNop().Sugar(), metav1.NamespaceSystem, 1, withoutDefaults); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	return s
}

func newClient(t *testing.T, cluster *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(cluster, client.Options{Scheme: scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// get reads a profile, nil for none.
func get(t *testing.T, c client.Client, name string) *v1alpha1.OperatingSystemProfile {
	t.Helper()
	profile := &v1alpha1.OperatingSystemProfile{}
	err := c.Get(t.Context(), client.ObjectKey{Namespace: metav1.NamespaceSystem, Name: name}, profile)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

func versionOf(t *testing.T, c client.Client, name string) string {
	t.Helper()
	if profile := get(t, c, name); profile != nil {
		return profile.Spec.Version
	}
	return ""
}

// overwrite gives a profile the version of a rewritten one, as KKP does when it copies one.
func overwrite(t *testing.T, c client.Client, name string) {
	t.Helper()
	profile := get(t, c, name)
	profile.Spec.Version = rewritten
	if err := c.Update(t.Context(), profile); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, c client.Client, name string) {
	t.Helper()
	if err := c.Delete(t.Context(), get(t, c, name)); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

// userCluster starts the sandbox, and returns the connection to the user cluster that has an API server of its own.
func userCluster(t *testing.T) *rest.Config {
	t.Helper()
	program := os.Getenv("SANDBOX")
	if program == "" {
		t.Skip("SANDBOX does not name the sandbox's program; make test builds it")
	}
	command := exec.CommandContext(t.Context(), program, "--stop-on-stdin-eof")
	command.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	text, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		Clusters map[string]string `json:"clusters"`
	}
	if err := json.Unmarshal(text, &ready); err != nil {
		t.Fatal(err)
	}
	for _, kubeconfig := range ready.Clusters {
		config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		return config
	}
	t.Fatal("the sandbox has no user cluster")
	return nil
}
