package kkp_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transport is an http.RoundTripper.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// mute accepts requests and never answers.
func mute() http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
}

// unreadUsers are the user clusters that were not read, and their causes.
func unreadUsers(t *testing.T, inst kkp.Installation) (subjects []string, causes map[string]int) {
	t.Helper()
	causes = map[string]int{}
	for _, u := range inst.Unread {
		var whole interface{ Cause() string }
		if u.Part != kkp.PartInstalled || !errors.As(u.Err, &whole) {
			t.Errorf("%+v", u)
			continue
		}
		subjects = append(subjects, u.Subject)
		causes[whole.Cause()]++
	}
	return subjects, causes
}

// TestDeadUserCluster has one that accepts requests and never answers: it costs 20 s and is a gap, and
// the others are read.
func TestDeadUserCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 100)
		f.users = func(config *rest.Config) http.RoundTripper {
			if config.Host == "https://c42.example.com" {
				return mute()
			}
			return f.user
		}
		began := time.Now()
		inst := f.load(t, nil)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %s", took)
		}
		subjects, causes := unreadUsers(t, inst)
		if len(subjects) != 1 || subjects[0] != "user cluster c42 on Seed a" || causes["user cluster c42 cannot be read: no complete answer within 20s"] != 1 {
			t.Errorf("%q %v", subjects, causes)
		}
		if unknown := inst.Applications.InstallationsUnknown; unknown == nil || !strings.HasPrefix(unknown.Error(), "user cluster c42: ") {
			t.Errorf("%v", unknown)
		}
		if len(inst.Applications.Installations) != 99 {
			t.Errorf("%d", len(inst.Applications.Installations))
		}
	})
}

// TestManyDeadUserClusters has a network that is down: not every user cluster costs the time.
func TestManyDeadUserClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 400)
		f.users = func(*rest.Config) http.RoundTripper { return mute() }
		began := time.Now()
		inst := f.load(t, nil)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s", took)
		}
		subjects, causes := unreadUsers(t, inst)
		if len(subjects) != 400 || causes["32 user clusters of Seed a did not answer within 20s each, so the others were not asked"] < 100 {
			t.Errorf("%d %v", len(subjects), causes)
		}
	})
}

// TestUserClustersAtOnce wants 32 user clusters to be asked concurrently, not more and not fewer.
func TestUserClustersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 320)
		var now, most atomic.Int32
		f.users = func(*rest.Config) http.RoundTripper {
			return transport(func(r *http.Request) (*http.Response, error) {
				n := now.Add(1)
				defer now.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				time.Sleep(time.Second)
				return f.user.RoundTrip(r)
			})
		}
		began := time.Now()
		f.load(t, nil)
		if took := time.Since(began); most.Load() != 32 || took != 10*time.Second {
			t.Errorf("%d at once, %s", most.Load(), took)
		}
	})
}

// TestUserClusterWithoutKubeconfig has one whose Secret is missing.
func TestUserClusterWithoutKubeconfig(t *testing.T) {
	f := newFleet(t, 4)
	for _, obj := range f.b.objects {
		if obj.GetNamespace() == "cluster-c1" && obj.GetKind() == "Secret" {
			obj.SetName("another")
		}
	}
	inst := f.load(t, nil)
	if len(inst.Unread) != 1 || inst.Unread[0].Subject != "user cluster c1 on Seed b" || !strings.Contains(inst.Unread[0].Err.Error(), "no Secret admin-kubeconfig") {
		t.Errorf("%v", inst.Unread)
	}
}
