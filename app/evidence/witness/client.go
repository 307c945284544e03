package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kokoroe/app/evidence"
)

// Client asks a witness over HTTP. It is an evidence.Asker.
type Client struct {
	endpoint string
	http     *http.Client
}

// NewClient returns a client of the witness whose submission prefix is address,
// such as https://witness.example: https, or http on this machine. The answer
// that a log has gone back is not signed, so that nobody on the way may forge it.
func NewClient(address string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("witness address: %w", err)
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, fmt.Errorf("witness address %q is not https://HOST/PATH", address)
	case u.Scheme != "https" && !(u.Scheme == "http" && here):
		return nil, fmt.Errorf("witness address %q is not https", address)
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second, MaxResponseHeaderBytes: 16 << 10, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second,
		DisableCompression: true, // nothing swells
	}
	return &Client{endpoint: strings.TrimSuffix(u.String(), "/") + "/add-checkpoint", http: &http.Client{
		Transport: transport, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Ask implements evidence.Asker.
func (c *Client) Ask(ctx context.Context, r evidence.WitnessRequest) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(MarshalRequest(r)))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswered+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswered {
		return nil, errors.New("the answer is too large")
	}
	if response.StatusCode == http.StatusOK {
		return body, nil
	}
	return nil, refused(response, body)
}

func refused(response *http.Response, body []byte) error {
	if response.StatusCode == http.StatusConflict {
		size, err := parseSize(strings.TrimSuffix(string(body), "\n"))
		if err != nil || response.Header.Get("Content-Type") != sizeType {
			return errors.New("the answer 409 names no size")
		}
		return &evidence.WitnessRefusal{Reason: evidence.RefusedSize, Size: size}
	}
	for reason, status := range statuses {
		if response.StatusCode == status {
			return &evidence.WitnessRefusal{Reason: reason}
		}
	}
	return fmt.Errorf("the answer is %d", response.StatusCode)
}
