package trace

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/script"
)

// maxURL bounds an address, in bytes.
const maxURL = 2_048

// download notes that an address is fetched, and returns what stands for its content.
func (c *command) download(address string) string {
	c.markFetching()
	content := script.Value("download:" + address)
	if len(address) > maxURL {
		c.gap(c.at, fmt.Sprintf("an address of more than %d characters: %s", maxURL, address))
		return content
	}
	if strings.HasPrefix(address, "file:") {
		return content
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address // as curl and wget read it
	}
	parsed, err := url.Parse(strings.NewReplacer(script.Unknown, "", script.Known, "").Replace(address))
	known := script.IsKnown(address)
	switch {
	case err == nil && (known || script.IsKnown(hostPart(address))) && c.own(parsed.Hostname(), parsed.Path):
		return content
	case !known:
		c.gap(c.at, c.name+" gets "+address+", of which a part is only known on a node")
	case err != nil || parsed.Host == "":
		c.gap(c.at, c.name+" gets "+address+", which is no address")
	case parsed.Scheme != "http" && parsed.Scheme != "https":
		c.gap(c.at, c.name+" gets "+address+", which is not HTTP")
	default:
		parsed.Fragment, parsed.User = "", nil
		c.add(Download{URL: parsed.String(), Where: c.at})
	}
	return content
}

// hostPart is an address up to the end of its host.
func hostPart(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// hostOf is the host of an address, without its port.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

func (m *machine) add(d Download) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.found.Downloads) < maxFound {
		m.found.Downloads = append(m.found.Downloads, d)
	}
}

// downloaded returns the address from which a text was downloaded, or a part of it.
func downloaded(text string) (string, bool) {
	const begin = script.Unknown + "download:"
	_, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", false
	}
	address, _, _ := strings.Cut(rest, script.Known)
	return address, true
}

// curl is curl.
func curl(c *command) error {
	o := parse(c.args, "oKdHXuxmAeEbcCrTwyYzDFPQtU",
		"--output", "--output-dir", "--config", "--data", "--data-binary", "--data-raw", "--data-urlencode", "--header", "--request", "--user", "--proxy", "--max-time",
		"--connect-timeout", "--retry", "--retry-delay", "--retry-max-time", "--user-agent", "--referer", "--cert", "--key", "--cacert", "--capath", "--cookie",
		"--cookie-jar", "--range", "--upload-file", "--write-out", "--dump-header", "--form", "--noproxy", "--proxy-user", "--resolve", "--interface", "--limit-rate",
		"--max-redirs", "--url", "--speed-limit", "--speed-time", "--tls-max", "--ciphers", "--unix-socket", "--max-filesize", "--json", "--dns-servers", "--proxy-header")
	if o.has("--version", "-V", "--help", "-h") {
		return c.print(script.Value("curl") + "\n")
	}
	var addresses []string
	for _, a := range append(o.values["--url"], o.rest...) {
		addresses = append(addresses, braces(a)...)
	}
	sends := o.has("-d", "--data", "--data-binary", "--data-raw", "--data-urlencode", "-T", "--upload-file", "-F", "--form", "--json")
	if method := o.get("-X", "--request"); sends || method != "" && method != "GET" && method != "HEAD" {
		return c.sends(addresses)
	}
	outputs := append(o.values["-o"], o.values["--output"]...)
	for i, address := range addresses {
		content, target := c.download(address)+"\n", ""
		switch {
		case i < len(outputs):
			target = outputs[i]
		case o.has("-O", "--remote-name", "--remote-name-all"):
			target = path.Base(address)
		}
		if err := c.save(target, o.get("--output-dir"), content); err != nil {
			return err
		}
	}
	if o.has("-K", "--config") {
		c.gap(c.at, "curl reads what it gets from the file "+o.get("-K", "--config"))
	}
	return nil
}

// sends notes requests that are no downloads: no mirror of files can answer them.
func (c *command) sends(addresses []string) error {
	for _, address := range addresses {
		if c.own(hostOf(address), strings.TrimPrefix(address, hostPart(address))) {
			continue
		}
		c.gap(c.at, c.name+" sends something to "+address)
	}
	return c.print(script.Value(c.name) + "\n")
}

// save writes what was downloaded to a file, "" and "-" for the standard output.
func (c *command) save(target, dir, content string) error {
	if target == "" || target == "-" {
		return c.print(content)
	}
	if dir != "" {
		target = dir + "/" + target
	}
	return c.files.Write(c.path(target), content)
}

// braces expands the first {a,b} of an address, as curl does.
func braces(address string) []string {
	before, rest, ok := strings.Cut(address, "{")
	inside, after, closed := strings.Cut(rest, "}")
	if !ok || !closed || !strings.Contains(inside, ",") {
		return []string{address}
	}
	var all []string
	for part := range strings.SplitSeq(inside, ",") {
		if all = append(all, before+part+after); len(all) > maxRounds {
			break
		}
	}
	return all
}

// wget is wget.
func wget(c *command) error {
	o := parse(c.args, "OPoaieUtTQwlARDIXB", "--output-document", "--directory-prefix", "--output-file", "--append-output", "--input-file", "--execute", "--user-agent",
		"--tries", "--timeout", "--header", "--user", "--password", "--wait", "--waitretry", "--ca-certificate", "--connect-timeout", "--read-timeout", "--post-data", "--post-file", "--method", "--body-data", "--referer")
	if o.has("--post-data", "--post-file", "--body-data") {
		return c.sends(o.rest)
	}
	if o.has("-i", "--input-file", "-r", "--recursive", "-m", "--mirror") {
		c.gap(c.at, "wget gets more than the addresses that are written: "+strings.Join(c.args, " "))
	}
	for _, address := range o.rest {
		target := o.get("-O", "--output-document")
		if target == "" {
			target = path.Base(address)
		}
		if err := c.save(target, o.get("-P", "--directory-prefix"), c.download(address)+"\n"); err != nil {
			return err
		}
	}
	return nil
}
