package sandbox

import (
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/sirupsen/logrus"
	"k8s.io/klog/v2"
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
