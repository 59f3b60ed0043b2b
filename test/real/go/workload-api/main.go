// go-spiffe's own Workload API of its tests, as a server: it is internal to that module, so this
// program is compiled inside a copy of it. Reads commands from its standard input, one a line, and
// answers each with one line of JSON that says what its streams deliver from then on. It ends with its
// input.
//
//	svid ID...              one SVID of each ID, and their bundle
//	federate DOMAIN...      the same SVIDs, and a bundle of each domain beside their own
//	renew                   new SVIDs of the same IDs
//	replace                 another CA, and SVIDs of it
//	none                    no identity: open streams end with PermissionDenied, and so do new ones
package main

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/internal/test"
	"github.com/spiffe/go-spiffe/v2/internal/test/fakeworkloadapi"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// What the module's test code asks of a test: here a failure ends the program.
type asTest struct{ testing.TB }

func (asTest) Helper()                           {}
func (asTest) Logf(string, ...any)               {}
func (asTest) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (asTest) FailNow()                          { os.Exit(1) }

// The module's own test CA has no key usage, which X509-SVID §4.3 asks for.
type authority struct {
	domain      spiffeid.TrustDomain
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(domain spiffeid.TrustDomain) *authority {
	certificate, key := test.CreateCACertificate(asTest{}, nil, nil,
		test.WithKeyUsage(x509.KeyUsageCertSign|x509.KeyUsageCRLSign))
	return &authority{domain, certificate, key}
}

func (a *authority) bundle() *x509bundle.Bundle {
	return x509bundle.FromX509Authorities(a.domain, []*x509.Certificate{a.certificate})
}

func (a *authority) svid(id spiffeid.ID) *x509svid.SVID {
	leaf, key := test.CreateX509SVID(asTest{}, a.certificate, a.key, id)
	return &x509svid.SVID{ID: id, Certificates: []*x509.Certificate{leaf}, PrivateKey: key}
}

type state struct {
	server    *fakeworkloadapi.WorkloadAPI
	ca        *authority
	ids       []spiffeid.ID
	federated map[string]*authority
	svids     []*x509svid.SVID
}

type delivered struct {
	Address string `json:"address"`
	// Serial numbers of the leaves, in hexadecimal, as they are delivered.
	Serials []string `json:"serials"`
	// PEM by trust domain.
	Bundles map[string]string `json:"bundles"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	s := &state{server: fakeworkloadapi.New(asTest{}), federated: map[string]*authority{}}
	defer s.server.Stop()
	s.say()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			return fmt.Errorf("an empty command")
		}
		if err := s.obey(words[0], words[1:]); err != nil {
			return err
		}
		s.say()
	}
	return lines.Err()
}

func (s *state) obey(command string, args []string) error {
	switch command {
	case "svid":
		s.ids = nil
		for _, arg := range args {
			id, err := spiffeid.FromString(arg)
			if err != nil {
				return err
			}
			s.ids = append(s.ids, id)
		}
		return s.replace()
	case "federate":
		s.federated = map[string]*authority{}
		for _, arg := range args {
			domain, err := spiffeid.TrustDomainFromString(arg)
			if err != nil {
				return err
			}
			s.federated[domain.Name()] = newAuthority(domain)
		}
	case "renew":
		s.renew()
	case "replace":
		return s.replace()
	case "none":
		s.svids = nil
		s.server.SetX509SVIDResponse(nil)
		return nil
	default:
		return fmt.Errorf("no command: %s", command)
	}
	s.deliver()
	return nil
}

func (s *state) replace() error {
	if len(s.ids) == 0 {
		return fmt.Errorf("no IDs yet")
	}
	s.ca = newAuthority(s.ids[0].TrustDomain())
	s.renew()
	s.deliver()
	return nil
}

func (s *state) renew() {
	s.svids = nil
	for _, id := range s.ids {
		s.svids = append(s.svids, s.ca.svid(id))
	}
}

func (s *state) deliver() {
	response := &fakeworkloadapi.X509SVIDResponse{SVIDs: s.svids, Bundle: s.ca.bundle()}
	bundles := []*x509bundle.Bundle{response.Bundle}
	for _, ca := range s.federated {
		response.FederatedBundles = append(response.FederatedBundles, ca.bundle())
	}
	s.server.SetX509SVIDResponse(response)
	s.server.SetX509Bundles(append(bundles, response.FederatedBundles...)...)
}

func (s *state) say() {
	said := delivered{Address: s.server.Addr(), Serials: []string{}, Bundles: map[string]string{}}
	for _, svid := range s.svids {
		said.Serials = append(said.Serials, svid.Certificates[0].SerialNumber.Text(16))
	}
	if s.ca != nil {
		said.Bundles[s.ids[0].TrustDomain().Name()] = pemOf(s.ca.bundle())
	}
	for domain, ca := range s.federated {
		said.Bundles[domain] = pemOf(ca.bundle())
	}
	line, err := json.Marshal(said)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func pemOf(bundle *x509bundle.Bundle) string {
	var text strings.Builder
	for _, authority := range bundle.X509Authorities() {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}))
	}
	return text.String()
}
