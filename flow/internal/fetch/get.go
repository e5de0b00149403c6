package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A dialFunc connects to an address and a port.
type dialFunc func(ctx context.Context, address netip.AddrPort) (net.Conn, error)

func dial(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", address.String())
}

// dialTimeout is how long one address has to accept a connection, so that
// another can be tried before the deadline.
const dialTimeout = 2 * time.Second

// dialPinned connects to the first of the addresses that accepts.
func (f *Fetcher) dialPinned(ctx context.Context, addresses []netip.Addr, port uint16) (net.Conn, error) {
	var failures []error
	for _, address := range addresses {
		limited, cancel := context.WithTimeout(ctx, dialTimeout)
		conn, err := f.dial(limited, netip.AddrPortFrom(address, port))
		cancel()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// get sends one request to one of the addresses of its host. The connection is
// closed when the context ends, whatever the other side does.
func (f *Fetcher) get(ctx context.Context, u *url.URL, addresses []netip.Addr) (*document, error) {
	transport := &http.Transport{
		Proxy: nil,
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			n, err := strconv.ParseUint(port, 10, 16)
			if err != nil {
				return nil, err
			}
			conn, err := f.dialPinned(ctx, addresses, uint16(n))
			if err == nil {
				context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			return conn, err
		},
		TLSClientConfig:        &tls.Config{RootCAs: f.roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 16 << 10,
	}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("User-Agent", "oauthapps")
	answer, err := transport.RoundTrip(r) // which follows no redirect and keeps no cookie
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer answer.Body.Close()
	return f.read(answer)
}

// read takes the document out of an answer.
func (f *Fetcher) read(answer *http.Response) (*document, error) {
	switch status := answer.StatusCode; {
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return nil, fmt.Errorf("%w: status %d", ErrUnreachable, status)
	case status == http.StatusNotFound || status == http.StatusGone:
		return nil, fmt.Errorf("%w: status %d", ErrGone, status)
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: status %d", ErrDocument, status)
	}
	if encoding := answer.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, fmt.Errorf("%w: it is compressed", ErrDocument)
	}
	if !isJSON(answer.Header.Get("Content-Type")) {
		return nil, fmt.Errorf("%w: its type is not JSON", ErrDocument)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, int64(f.cfg.MaxSize)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(body) > f.cfg.MaxSize {
		return nil, fmt.Errorf("%w: it has more than %d bytes", ErrDocument, f.cfg.MaxSize)
	}
	if err := checkObject(body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return f.document(body, answer.Header), nil
}

// isJSON reports whether a media type is application/json, or one that is
// registered with the suffix +json (RFC 6839, section 3.1).
func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/json" ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// maxDepth is how deep the values of a document are nested at most.
const maxDepth = 16

// checkObject accepts one JSON object in UTF-8, of bounded depth, in which no
// member is there twice: parsers differ in which one they take.
func checkObject(body []byte) error {
	if !json.Valid(body) {
		return errors.New("it is not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()        // which may be any, also one that no type of Go holds
	var open []map[string]bool // the names in each value that is open, nil in an array
	isName := false
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errors.New("it is not JSON")
		}
		name, isText := token.(string)
		switch token {
		case json.Delim('{'):
			open, isName = append(open, map[string]bool{}), true
		case json.Delim('['):
			open, isName = append(open, nil), false
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
			isName = len(open) > 0 && open[len(open)-1] != nil
		default:
			if len(open) == 0 {
				return errors.New("it is not an object")
			}
			names := open[len(open)-1]
			if isName && isText {
				if names[name] {
					return errors.New("it has a member twice")
				}
				names[name] = true
			}
			isName = names != nil && !isName
		}
		if len(open) > maxDepth {
			return errors.New("it is nested too deep")
		}
		if len(open) > 0 && open[0] == nil {
			return errors.New("it is not an object")
		}
	}
}
