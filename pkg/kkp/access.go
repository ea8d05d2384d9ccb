package kkp

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// Access is what the user of a kubeconfig may do in a cluster, and until when.
type Access struct {
	Cluster  string  // "master", "Seed frankfurt", "user cluster kd7x2mq4nz on Seed hamburg"
	Seed     string  // of a user cluster, else ""
	Err      error   // why nothing of the cluster could be read
	Missing  []Right // that are needed
	Unknown  error   // why the API server did not say which rights the user has
	Validity []Validity
}

// Validity is a part of a kubeconfig that is valid for a limited time.
type Validity struct {
	Part string // "client certificate"
	End  time.Time
}

// validities returns the parts of a configuration that are valid for a limited time. Parts that
// cannot be parsed are none: with these, no request has succeeded.
func validities(config *rest.Config) []Validity {
	if config == nil {
		return nil
	}
	loaded := rest.CopyConfig(config)
	if err := rest.LoadTLSFiles(loaded); err != nil {
		return nil
	}
	var all []Validity
	add := func(part string, end time.Time) {
		if !end.IsZero() {
			all = append(all, Validity{part, end})
		}
	}
	add("client certificate", firstEnd(loaded.CertData))
	add("CA certificate", lastEnd(loaded.CAData))
	add("token", tokenEnd(loaded.BearerToken))
	return all
}

// firstEnd returns the end of the first certificate of a text in PEM format, which is that of the
// client; zero without one.
func firstEnd(text []byte) time.Time {
	ends := certificateEnds(text)
	if len(ends) == 0 {
		return time.Time{}
	}
	return ends[0]
}

// lastEnd returns when the last certificate of a text in PEM format ends; zero without one. One CA
// that is valid is enough.
func lastEnd(text []byte) time.Time {
	var last time.Time
	for _, end := range certificateEnds(text) {
		if end.After(last) {
			last = end
		}
	}
	return last
}

// maxCertificates bounds the certificates of a kubeconfig that are parsed.
const maxCertificates = 100

func certificateEnds(text []byte) []time.Time {
	var ends []time.Time
	for len(ends) < maxCertificates {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			ends = append(ends, certificate.NotAfter)
		}
	}
	return ends
}

// tokenEnd returns the end of a token that is a JSON Web Token with an end (RFC 7519, exp); zero
// for other tokens. The signature is for the API server.
func tokenEnd(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var view struct {
		End float64 `json:"exp"` // seconds since 1970
	}
	const year9999 = 253402300799
	if json.Unmarshal(claims, &view) != nil || view.End <= 0 || view.End > year9999 {
		return time.Time{}
	}
	return time.Unix(int64(view.End), 0).UTC()
}

// accessTo asks what the user of a client may do in a cluster.
func accessTo(ctx context.Context, client Client, cluster string, rights []Right) Access {
	access := Access{Cluster: cluster, Validity: validities(client.Config)}
	access.Missing, access.Unknown = lacking(ctx, client, rights)
	return access
}

// accessToUser asks what the user of a client may do in a user cluster. KKP gives the plugin the
// kubeconfig of an administrator, and then one request is enough.
func accessToUser(ctx context.Context, client Client, rights []Right) Access {
	access := Access{Validity: validities(client.Config)}
	all, err := allowed(ctx, client, everything())
	if err != nil || all {
		access.Unknown = err
		return access
	}
	access.Missing, access.Unknown = lacking(ctx, client, rights)
	return access
}

// collectAccess collects what the kubeconfigs of all clusters allow, in the order of the Seeds.
func (inst *Installation) collectAccess(master Access) {
	inst.Access = []Access{master}
	for _, seed := range inst.Seeds {
		inst.Access = append(inst.Access, seed.access...)
	}
}
