package plugin

import (
	"flag"
	"io"
	"log"
	"strconv"

	"k8s.io/klog/v2"
)

// clusterVerbosity is as far as client-go may go: beyond this level it prints the content of
// Secrets.
const clusterVerbosity = 7

// logTo makes libraries write what they log to a writer, each message once. By themselves
// they write to stderr, whatever servers have sent them.
func logTo(out io.Writer) error {
	log.SetOutput(out) //nolint:forbidigo // it is set, not used
	klog.SetOutput(out)
	return setKlog(map[string]string{"logtostderr": "false", "one_output": "true", "stderrthreshold": "FATAL"})
}

// traceCluster makes client-go print its requests. It must be called before it connects.
func traceCluster(verbosity int) error {
	if verbosity <= 0 {
		return nil
	}
	return setKlog(map[string]string{"v": strconv.Itoa(min(verbosity, clusterVerbosity))})
}

// setKlog sets flags of klog, which has no other way.
func setKlog(values map[string]string) error {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range values {
		if err := flags.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}
