// A second judge of X.509-SVIDs: Go's crypto/x509 for the path, and the leaf rules of X509-SVID.md on
// top of it. It shares nothing with the gateway. Reads cases as JSON, writes verdicts as JSON.

package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

type testCase struct {
	ID    string   `json:"id"`
	Chain [][]byte `json:"chain"`
	Roots [][]byte `json:"roots"`
	At    int64    `json:"at"`
}

type verdict struct {
	ID       string `json:"id"`
	SpiffeID string `json:"spiffeId,omitempty"`
	Error    string `json:"error,omitempty"`
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	verdicts := make([]verdict, 0, len(cases))
	for _, one := range cases {
		id, err := judge(one)
		if err != nil {
			verdicts = append(verdicts, verdict{ID: one.ID, Error: err.Error()})
		} else {
			verdicts = append(verdicts, verdict{ID: one.ID, SpiffeID: id})
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		os.Exit(2)
	}
}

func judge(one testCase) (string, error) {
	if len(one.Chain) == 0 {
		return "", errors.New("no certificate")
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for _, der := range one.Roots {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return "", fmt.Errorf("root: %w", err)
		}
		roots.AddCert(certificate)
	}
	var leaf *x509.Certificate
	for i, der := range one.Chain {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return "", fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if leaf == nil {
			leaf = certificate
		} else {
			intermediates.AddCert(certificate)
		}
	}
	if err := checkLeaf(leaf); err != nil {
		return "", err
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   time.UnixMilli(one.At),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return "", err
	}
	return leaf.URIs[0].String(), nil
}

func checkLeaf(leaf *x509.Certificate) error {
	switch {
	case len(leaf.URIs) != 1:
		return fmt.Errorf("%d URI SANs", len(leaf.URIs))
	case leaf.URIs[0].Scheme != "spiffe" || leaf.URIs[0].Host == "" || leaf.URIs[0].Path == "":
		return errors.New("no SPIFFE ID of a workload")
	case leaf.IsCA:
		return errors.New("a CA")
	case leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("no digitalSignature")
	case leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0:
		return errors.New("a key that signs certificates or lists")
	}
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 {
		return nil
	}
	var client, server bool
	for _, usage := range leaf.ExtKeyUsage {
		client = client || usage == x509.ExtKeyUsageClientAuth
		server = server || usage == x509.ExtKeyUsageServerAuth
	}
	if !client || !server {
		return errors.New("not for both ends of TLS")
	}
	return nil
}
