// Package registry runs real container registries on loopback, one per way of reaching and signing in to one. It knows
// nothing of what is in them.
package registry

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd" // registers itself
	_ "github.com/distribution/distribution/v3/registry/auth/token"    // registers itself
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // registers itself
	"golang.org/x/crypto/bcrypt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/pki"
)

// Registry is a running registry. Deleting is allowed.
type Registry struct {
	// Host is its host and port.
	Host string
	// Root is the directory that the filesystem storage driver uses.
	Root string
	// CAFile is the authority to trust, or empty when the registry speaks plain HTTP.
	CAFile string
	// Username and Password are empty when anyone may read and write.
	Username, Password string

	app     *handlers.App
	issuer  *Issuer // nil unless the registry asks for tokens
	server  *http.Server
	standIn bool
}

// Plain starts a registry that speaks HTTP and lets everyone in. Its files live in dir.
func Plain(dir string) (*Registry, error) {
	return start(dir, kind{})
}

// StandIn starts a plain registry that stands in for others, each with a host of its own at the beginning of its paths. Mirrors
// are told by containerd which registry an image is of, with the parameter ns, and this one looks there.
func StandIn(dir string) (*Registry, error) {
	return start(dir, kind{standIn: true})
}

// TLS starts a registry that speaks HTTPS, with a certificate of an authority of its own, and lets everyone in.
func TLS(dir string) (*Registry, error) {
	authority, err := pki.NewAuthority("registry")
	if err != nil {
		return nil, err
	}
	pair, err := authority.Server()
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		return nil, err
	}

	registry, err := start(dir, kind{certificate: &certificate})
	if err != nil {
		return nil, err
	}
	registry.CAFile = filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(registry.CAFile, authority.PEM, 0o600); err != nil {
		registry.Stop()
		return nil, err
	}

	return registry, nil
}

// Basic starts a registry that asks for a user name and a password with every request.
func Basic(dir string) (*Registry, error) {
	return start(dir, kind{auth: func(r *Registry) (configuration.Auth, error) {
		hash, err := bcrypt.GenerateFromPassword([]byte(r.Password), bcrypt.MinCost)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, "htpasswd")
		line := append([]byte(r.Username+":"), hash...)
		if err := os.WriteFile(path, append(line, '\n'), 0o600); err != nil {
			return nil, err
		}

		return configuration.Auth{"htpasswd": {"realm": "sandbox", "path": path}}, nil
	}})
}

// Token starts a registry that asks for a bearer token, and the server that issues the tokens: at /token of the same host,
// as clients do not follow a registry on loopback to another port.
func Token(dir string) (*Registry, error) {
	return start(dir, kind{auth: func(r *Registry) (configuration.Auth, error) {
		issuer, err := NewIssuer(r.Host, r.Username, r.Password)
		if err != nil {
			return nil, err
		}
		keys := filepath.Join(dir, "jwks.json")
		if err := issuer.WriteKeys(keys); err != nil {
			return nil, err
		}
		r.issuer = issuer

		return configuration.Auth{"token": {
			"realm":   "http://" + r.Host + "/token",
			"service": r.Host,
			"issuer":  issuerName,
			"jwks":    keys,
		}}, nil
	}})
}

// authFunc prepares access control for a registry whose address is known.
type authFunc func(*Registry) (configuration.Auth, error)

// kind is how to reach a registry: over TLS where it has a certificate, and with credentials where it has access control.
type kind struct {
	certificate *tls.Certificate
	auth        authFunc
	standIn     bool
}

func start(dir string, kind kind) (*Registry, error) {
	registry := &Registry{Root: filepath.Join(dir, "storage"), standIn: kind.standIn}
	if err := os.MkdirAll(registry.Root, 0o700); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	registry.Host = listener.Addr().String()
	if kind.certificate != nil {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*kind.certificate}, MinVersion: tls.VersionTLS12})
	}

	config := registry.configuration()
	if kind.auth != nil {
		registry.Username, registry.Password = "sandbox", rand.Text()
		if config.Auth, err = kind.auth(registry); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	registry.app = handlers.NewApp(context.Background(), config)
	registry.serve(listener)

	return registry, nil
}

func (r *Registry) configuration() *configuration.Configuration {
	config := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem":  {"rootdirectory": r.Root},
			"delete":      {"enabled": true},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
		Catalog: configuration.Catalog{MaxEntries: 1000},
	}
	config.HTTP.Secret = rand.Text()

	return config
}

// serve answers requests until Stop. Errors go to the standard logger.
func (r *Registry) serve(listener net.Listener) {
	handler := http.NewServeMux()
	handler.HandleFunc("/", r.answer)
	if r.issuer != nil {
		handler.Handle("/token", r.issuer)
	}

	r.server = &http.Server{Handler: handler}
	go func() {
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("registry %s: %v", r.Host, err)
		}
	}()
}

func (r *Registry) answer(w http.ResponseWriter, request *http.Request) {
	host := request.URL.Query().Get("ns")
	if rest, ok := strings.CutPrefix(request.URL.Path, "/v2/"); ok && host != "" && rest != "" && r.standIn {
		request.URL.Path, request.URL.RawPath = "/v2/"+host+"/"+rest, ""
		request.RequestURI = request.URL.RequestURI()
	}
	r.app.ServeHTTP(w, request)
}

// Stop ends the registry at once; requests under way are cut off.
func (r *Registry) Stop() {
	if err := errors.Join(r.server.Close(), r.app.Shutdown()); err != nil {
		log.Printf("stopping registry %s: %v", r.Host, err)
	}
}
