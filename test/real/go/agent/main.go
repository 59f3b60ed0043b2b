// An agent as SPIFFE has it: its SVID, its trust and their rotation from a Workload API, its TLS from
// go-spiffe's tlsconfig. It reads commands from its standard input, one a line, and answers each with
// one line of JSON. It ends with its input.
//
//	agent ADDRESS URL gateway-id SPIFFE-ID    the server has to be that SPIFFE ID
//	agent ADDRESS URL web-ca FILE             the server has a certificate of that CA for its name
//
//	send METHOD PATH BODY     one request, on a connection of its own
//	load WORKERS              from now on, each worker one upload after another, the first one slowly
//	count                     what the load has done so far
//	stop                      ends the load and counts it
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

const (
	firstSVID    = 30 * time.Second
	oneRequest   = 20 * time.Second
	keptOfBody   = 4096
	keptFailures = 10
)

// What an SDK sends; the gateway takes nothing of it but the region.
const authorization = "AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00"

type answer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
	Error  string `json:"error,omitempty"`
}

type tally struct {
	Sent     int      `json:"sent"`
	Failures []string `json:"failures"`
	Failed   int      `json:"failed"`
	// Of the SVIDs with which a request was answered.
	Serials []string `json:"serials"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Of go-spiffe; set by the linker.
var version = "unknown"

func run() error {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("go-spiffe " + version)
		return nil
	}
	if len(os.Args) != 5 {
		return fmt.Errorf("usage: agent ADDRESS URL (gateway-id SPIFFE-ID | web-ca FILE)")
	}
	address, url, how, whom := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	ctx, cancel := context.WithTimeout(context.Background(), firstSVID)
	defer cancel()
	source, err := workloadapi.NewX509Source(ctx,
		workloadapi.WithClientOptions(workloadapi.WithAddr(address)))
	if err != nil {
		return err
	}
	defer source.Close()
	config, err := tlsConfig(source, how, whom)
	if err != nil {
		return err
	}
	svid, err := source.GetX509SVID()
	if err != nil {
		return err
	}
	say(map[string]string{"id": svid.ID.String(), "serial": svid.Certificates[0].SerialNumber.Text(16)})
	return obey(source, url, config)
}

func tlsConfig(source *workloadapi.X509Source, how, whom string) (*tls.Config, error) {
	switch how {
	case "gateway-id":
		id, err := spiffeid.FromString(whom)
		if err != nil {
			return nil, err
		}
		return tlsconfig.MTLSClientConfig(source, source, tlsconfig.AuthorizeID(id)), nil
	case "web-ca":
		pem, err := os.ReadFile(whom)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate", whom)
		}
		return tlsconfig.MTLSWebClientConfig(source, roots), nil
	}
	return nil, fmt.Errorf("%s: neither gateway-id nor web-ca", how)
}

func obey(source *workloadapi.X509Source, url string, config *tls.Config) error {
	var under *load
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.SplitN(lines.Text(), " ", 4)
		switch {
		case words[0] == "send" && len(words) >= 3:
			body := ""
			if len(words) == 4 {
				body = words[3]
			}
			client := &http.Client{
				Timeout:   oneRequest,
				Transport: &http.Transport{TLSClientConfig: config.Clone(), DisableKeepAlives: true},
			}
			say(send(client, words[1], url+words[2], body))
		case words[0] == "load" && len(words) == 2 && under == nil:
			workers, err := strconv.Atoi(words[1])
			if err != nil {
				return err
			}
			under = startLoad(source, url, config, workers)
			say(map[string]int{"workers": workers})
		case words[0] == "count" && under != nil:
			say(under.count())
		case words[0] == "stop" && under != nil:
			under.stop()
			say(under.count())
			under = nil
		default:
			return fmt.Errorf("no command: %s", lines.Text())
		}
	}
	return lines.Err()
}

type load struct {
	done    chan struct{}
	waiting sync.WaitGroup
	mutex   sync.Mutex
	tally   tally
	serials map[string]bool
}

// Over connections that are kept, by SVID: what begins when there is a new one begins on a new
// connection, and what is under way ends on the old one, which then is given up.
func startLoad(source *workloadapi.X509Source, url string, config *tls.Config, workers int) *load {
	connect := func() *http.Client {
		transport := &http.Transport{TLSClientConfig: config.Clone(), MaxIdleConnsPerHost: workers}
		return &http.Client{Timeout: oneRequest, Transport: transport}
	}
	l := &load{done: make(chan struct{}), serials: map[string]bool{}}
	var current atomic.Pointer[http.Client]
	current.Store(connect())
	l.waiting.Add(1)
	go func() {
		defer l.waiting.Done()
		for {
			select {
			case <-source.Updated():
				current.Swap(connect()).CloseIdleConnections()
			case <-l.done:
				return
			}
		}
	}()
	body := strings.Repeat("0123456789abcdef", 4096)
	for worker := range workers {
		l.waiting.Add(1)
		go func() {
			defer l.waiting.Done()
			for number := 0; ; number++ {
				select {
				case <-l.done:
					return
				default:
				}
				svid, err := source.GetX509SVID()
				if err != nil {
					l.note("", err.Error())
					continue
				}
				path := fmt.Sprintf("/reports/2026/load-%d-%d", worker, number%8)
				var upload io.Reader = strings.NewReader(body)
				if worker == 0 {
					upload = &slowly{rest: body}
				}
				client := current.Load()
				result := sendFrom(client, "PUT", url+path, upload, int64(len(body)))
				if current.Load() != client {
					client.CloseIdleConnections()
				}
				fault := result.Error
				if fault == "" && result.Status != http.StatusOK {
					fault = fmt.Sprintf("%d %s", result.Status, result.Body)
				}
				serial := ""
				if result.Status != 0 {
					serial = svid.Certificates[0].SerialNumber.Text(16)
				}
				l.note(serial, fault)
			}
		}()
	}
	return l
}

func (l *load) note(serial, fault string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.tally.Sent++
	if serial != "" && !l.serials[serial] {
		l.serials[serial] = true
		l.tally.Serials = append(l.tally.Serials, serial)
	}
	if fault == "" {
		return
	}
	l.tally.Failed++
	if len(l.tally.Failures) < keptFailures {
		l.tally.Failures = append(l.tally.Failures, fault)
	}
}

func (l *load) count() tally {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return tally{
		Sent:     l.tally.Sent,
		Failed:   l.tally.Failed,
		Failures: append([]string{}, l.tally.Failures...),
		Serials:  append([]string{}, l.tally.Serials...),
	}
}

func (l *load) stop() {
	close(l.done)
	l.waiting.Wait()
}

// A body of some seconds, so that renewals find requests under way.
type slowly struct{ rest string }

func (s *slowly) Read(into []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	time.Sleep(50 * time.Millisecond)
	count := copy(into, s.rest[:min(len(s.rest), 1024)])
	s.rest = s.rest[count:]
	return count, nil
}

func send(client *http.Client, method, url, body string) answer {
	return sendFrom(client, method, url, strings.NewReader(body), int64(len(body)))
}

func sendFrom(client *http.Client, method, url string, body io.Reader, size int64) answer {
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return answer{Error: err.Error()}
	}
	request.ContentLength = size
	request.Header.Set("authorization", authorization)
	request.Header.Set("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
	response, err := client.Do(request)
	if err != nil {
		return answer{Error: err.Error()}
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{Status: response.StatusCode, Error: err.Error()}
	}
	return answer{Status: response.StatusCode, Body: string(read[:min(len(read), keptOfBody)])}
}

func say(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
