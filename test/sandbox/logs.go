package sandbox

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"k8s.io/klog/v2"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/apiserver"
)

// redirectLogs sends what the parts log through their global loggers (Kubernetes: klog, registries: logrus) to a file.
func (s *Sandbox) redirectLogs() error {
	file, err := os.OpenFile(filepath.Join(s.Ready.Dir, "sandbox.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	log.SetOutput(file)
	logrus.SetOutput(file)
	logrus.SetLevel(logrus.WarnLevel)

	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true"} {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	klog.SetOutput(file)
	// A fatal error of a part ends the process, but leaves nothing behind either.
	exit := klog.OsExit
	klog.OsExit = func(code int) {
		if err := os.RemoveAll(s.Ready.Dir); err != nil {
			log.Print(err)
		}
		exit(code)
	}

	// The file stays open to the end of the process: goroutines of the API servers may log after they were stopped.
	return nil
}

// logRequests has the API servers write down what the plugin asks them.
func (s *Sandbox) logRequests(latency time.Duration) error {
	s.Ready.Requests = filepath.Join(s.Ready.Dir, "requests.log")
	requests, err := apiserver.NewRequests(s.Ready.Requests, latency)
	if err != nil {
		return err
	}
	s.requests = requests
	s.onStop(requests.Close)

	return nil
}
