// go-spiffe's own Workload API of its tests, as a server: it is internal to that module, so this
// program is compiled inside a copy of it. Reads commands from its standard input, one a line, and
// answers each with one line of JSON that says what its streams deliver from then on. It ends with its
// input.
//
//	svid ID...              one SVID of each ID, and their bundle
//	federate DOMAIN...      the same SVIDs, and a bundle of each domain beside their own
//	authorities N           the same, with N more authorities in the bundle of our own domain
//	renew                   new SVIDs of the same IDs
//	replace                 another CA, and SVIDs of it
//	none                    no identity: open streams end with PermissionDenied, and so do new ones
package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
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

type state struct {
	server    *fakeworkloadapi.WorkloadAPI
	ca        *test.CA
	ids       []spiffeid.ID
	more      []*test.CA
	federated map[string]*test.CA
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
	s := &state{server: fakeworkloadapi.New(asTest{}), federated: map[string]*test.CA{}}
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
		s.federated = map[string]*test.CA{}
		for _, arg := range args {
			domain, err := spiffeid.TrustDomainFromString(arg)
			if err != nil {
				return err
			}
			s.federated[domain.Name()] = test.NewCA(asTest{}, domain)
		}
	case "authorities":
		count, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		s.more = nil
		for range count {
			s.more = append(s.more, test.NewCA(asTest{}, s.ids[0].TrustDomain()))
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
	s.ca = test.NewCA(asTest{}, s.ids[0].TrustDomain())
	s.renew()
	s.deliver()
	return nil
}

func (s *state) renew() {
	s.svids = nil
	for _, id := range s.ids {
		s.svids = append(s.svids, s.ca.CreateX509SVID(id))
	}
}

func (s *state) bundle() *x509bundle.Bundle {
	bundle := s.ca.X509Bundle()
	for _, ca := range s.more {
		for _, authority := range ca.X509Authorities() {
			bundle.AddX509Authority(authority)
		}
	}
	return bundle
}

func (s *state) deliver() {
	response := &fakeworkloadapi.X509SVIDResponse{SVIDs: s.svids, Bundle: s.bundle()}
	bundles := []*x509bundle.Bundle{response.Bundle}
	for _, ca := range s.federated {
		response.FederatedBundles = append(response.FederatedBundles, ca.X509Bundle())
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
		said.Bundles[s.ids[0].TrustDomain().Name()] = pemOf(s.bundle())
	}
	for domain, ca := range s.federated {
		said.Bundles[domain] = pemOf(ca.X509Bundle())
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
