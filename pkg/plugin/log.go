package plugin

import (
	"flag"
	"io"
	"log"
	"strconv"

	"k8s.io/client-go/features"
	"k8s.io/klog/v2"
)

// clusterVerbosity is the highest log level of client-go: above this level, client-go prints the
// content of Secrets.
const clusterVerbosity = 7

// logTo makes libraries log to a writer, each message once. Their default is stderr, without
// escaping the text of servers.
func logTo(out io.Writer) error {
	log.SetOutput(out) //nolint:forbidigo // sets the output, and logs nothing
	klog.SetOutput(out)
	return setKlog(map[string]string{"logtostderr": "false", "one_output": "true", "stderrthreshold": "FATAL"})
}

// traceCluster makes client-go print its requests. Call traceCluster before client-go connects. The
// feature gates of client-go, which it prints when it first reads one, are left out.
func traceCluster(verbosity int) error {
	if verbosity <= 0 {
		return nil
	}
	_ = features.FeatureGates().Enabled(features.WatchListClient) // reads all gates
	return setKlog(map[string]string{"v": strconv.Itoa(min(verbosity, clusterVerbosity))})
}

// setKlog sets flags of klog. klog has no other interface for these settings.
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
