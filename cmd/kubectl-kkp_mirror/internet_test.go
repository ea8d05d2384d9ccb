package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

// internet stands in for all servers outside of this machine, under their real names: for the servers that documents name as
// an example, for registries, and for the servers that nodes download from.
type internet struct {
	mirror     http.Handler // registry.example.com
	registries http.Handler // all others; the first part of a path is the host of the image
}

// ServeHTTP implements http.Handler.
func (n *internet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch r.Host {
	case "registry.example.com":
		n.mirror.ServeHTTP(w, r)
	case "files.example.com": // what the command files writes
		sendFile(w, r, strings.TrimPrefix(path, "/kkp"))
	case "nexus.example.com":
		sendFile(w, r, "/download.docker.com"+strings.TrimPrefix(path, "/repository/docker"))
	default:
		if strings.HasPrefix(path, "/v2/") {
			n.registries.ServeHTTP(w, r)
			return
		}
		sendFile(w, r, "/"+r.Host+path)
	}
}

// sendFile sends the file of "/HOST/PATH".
func sendFile(w http.ResponseWriter, r *http.Request, name string) {
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(contentAt(name, "")))
}

// forwardedTo forwards requests to a registry, with the name of their host in front of the repository.
func forwardedTo(upstream string) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: upstream})
		if repository := strings.TrimPrefix(r.In.URL.Path, "/v2/"); repository != "" {
			host := strings.Replace(r.In.Host, "index.docker.io", "docker.io", 1)
			r.Out.URL.Path = "/v2/" + host + "/" + repository
		}
	}}
}

// tunnel is a proxy for HTTPS that leads all connections to one server.
func tunnel(w http.ResponseWriter, r *http.Request, server string) {
	if r.Method != http.MethodConnect {
		http.Error(w, "not HTTPS: "+r.URL.String(), http.StatusForbidden)
		return
	}
	there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", server)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n") // an error ends both copies
	go func() {
		_, _ = io.Copy(there, buffered)
		there.Close()
	}()
	_, _ = io.Copy(here, there)
	here.Close()
}

// startInternet starts a stand-in for all servers outside of this machine, and a proxy that leads there. It writes the
// certificate of the authority that issues their certificates to FILE, and sets the variables that make a program use the
// proxy and trust the authority: internet UPSTREAM FILE. UPSTREAM is the host of the registry that replaces all public ones.
func startInternet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: internet UPSTREAM FILE")
	}
	issuer, err := newIssuer()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), issuer.pem(), 0o600))
	server := httptest.NewUnstartedServer(&internet{mirror: registrytest.New(registrytest.Options{}), registries: forwardedTo(args[0])})
	server.TLS = &tls.Config{GetCertificate: issuer.issue, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tunnel(w, r, server.Listener.Addr().String()) }))
	ts.Defer(func() {
		proxy.Close()
		server.CloseClientConnections()
		server.Close()
	})
	ts.Setenv("HTTPS_PROXY", proxy.URL)
	ts.Setenv("SSL_CERT_FILE", ts.MkAbs(args[1]))
}

// issuer issues a certificate for each name that a client asks for.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := valid("internet of a test")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &issuer{certificate, key}, err
}

// valid is the template of a certificate that is valid now.
func valid(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
	}
}

// issue returns a certificate for the server name of a handshake.
func (i *issuer) issue(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	template := valid(hello.ServerName)
	template.DNSNames = []string{hello.ServerName}
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, i.key.Public(), i.key)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: i.key}, err
}

func (i *issuer) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw})
}
