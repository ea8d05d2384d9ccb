package apiserver

import (
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/pki"
)

// AdminKubeconfig returns the kubeconfig of an administrator.
func (s *Server) AdminKubeconfig() ([]byte, error) {
	return s.kubeconfig("admin", s.admin)
}

// UserKubeconfig returns the kubeconfig of a user who may do what RBAC rules in the server say of that name.
func (s *Server) UserKubeconfig(user string) ([]byte, error) {
	pair, err := s.authority.User(user)
	if err != nil {
		return nil, err
	}

	return s.kubeconfig(user, pair)
}

func (s *Server) kubeconfig(user string, pair pki.Pair) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[s.name] = &clientcmdapi.Cluster{
		Server: "https://" + s.address, CertificateAuthorityData: s.authority.PEM,
	}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{
		ClientCertificateData: pair.Certificate, ClientKeyData: pair.Key,
	}
	config.Contexts[s.name] = &clientcmdapi.Context{Cluster: s.name, AuthInfo: user}
	config.CurrentContext = s.name

	return clientcmd.Write(*config)
}
