package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURL is how many bytes a URL has at most.
const maxURL = 2000

// CheckURL returns [ErrURL] for a URL that is never fetched, wherever its host
// is.
func CheckURL(rawURL string) error {
	_, err := parse(rawURL)
	return err
}

// parse accepts an https URL that every parser reads alike.
func parse(rawURL string) (*url.URL, error) {
	refuse := func(problem string) (*url.URL, error) { return nil, fmt.Errorf("%w: %s", ErrURL, problem) }
	if len(rawURL) > maxURL {
		return refuse("it is too long")
	}
	for _, c := range []byte(rawURL) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return refuse("it has a character that no URL has")
		}
	}
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return refuse("it cannot be parsed")
	case !strings.HasPrefix(rawURL, "https://"):
		return refuse("it does not begin with https://")
	case u.User != nil:
		return refuse("it has a user")
	case strings.Contains(rawURL, "#"):
		return refuse("it has a fragment")
	case !isHost(u.Hostname()):
		return refuse("its host is no name and no address")
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse("its port is none")
		}
	}
	u.Host = strings.ToLower(u.Host) // the origin has a budget, however it is written
	return u, nil
}

// isHost reports whether a host is a domain name in ASCII with a period in it,
// localhost, or an IP address without a zone that is not mapped.
func isHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == "" && !address.Is4In6()
	}
	host = strings.ToLower(host)
	if isLocalhost(host) {
		return true
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(host) <= 253 && len(labels) > 1
}

func isLocalhost(host string) bool {
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// IsLoopback reports whether the host of a URL is a loopback address or
// localhost.
func IsLoopback(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return err == nil && address.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
}

// resolve returns the addresses of a host, once each of them is one that may be
// reached.
func (f *Fetcher) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addresses, err := f.addresses(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%w: its name has no address", ErrUnreachable)
	}
	for i, address := range addresses {
		// A resolver may write an IPv4 address as a mapped one, and what a
		// mapped one leads to is the IPv4 address.
		addresses[i] = address.Unmap()
		if !f.mayReach(addresses[i]) {
			return nil, fmt.Errorf("%w: its host has an address that is not public", ErrURL)
		}
	}
	return addresses, nil
}

// addresses resolves a host. localhost needs no resolver (RFC 6761, section
// 6.3).
func (f *Fetcher) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	if isLocalhost(host) {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	return f.lookup(ctx, host)
}

// lookup asks for the name as it is: the period at the end keeps the search
// list of the machine out.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host+".")
}

// mayReach reports whether an address is a public one, or a loopback address
// where the issuer is on one too.
func (f *Fetcher) mayReach(address netip.Addr) bool {
	if address.IsLoopback() {
		return f.loopback
	}
	return isPublic(address)
}

// isPublic reports whether everybody can reach an address, so that whoever
// names it learns nothing new. It goes by the registries of special-purpose
// addresses of IANA (RFC 6890). Of IPv6 only global unicast is public.
func isPublic(address netip.Addr) bool {
	if !address.IsValid() || address.Zone() != "" || address.Is4In6() {
		return false
	}
	if address.Is6() && !globalUnicast.Contains(address) {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

// globalUnicast leaves out loopback, link-local, unique local and multicast
// addresses, and those that stand for IPv4 addresses: mapped (::ffff:0:0/96),
// compatible (::/96), NAT64 (64:ff9b::/96 and 64:ff9b:1::/48).
var globalUnicast = netip.MustParsePrefix("2000::/3")

var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this host
	netip.MustParsePrefix("10.0.0.0/8"),        // private
	netip.MustParsePrefix("100.64.0.0/10"),     // shared by carriers
	netip.MustParsePrefix("127.0.0.0/8"),       // loopback
	netip.MustParsePrefix("168.63.129.16/32"),  // metadata service of Azure, outside every special range
	netip.MustParsePrefix("169.254.0.0/16"),    // link-local, metadata services
	netip.MustParsePrefix("172.16.0.0/12"),     // private
	netip.MustParsePrefix("192.0.0.0/24"),      // protocol assignments, a metadata service
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112
	netip.MustParsePrefix("192.52.193.0/24"),   // AMT
	netip.MustParsePrefix("192.88.99.0/24"),    // relays of 6to4
	netip.MustParsePrefix("192.168.0.0/16"),    // private
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarking
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation
	netip.MustParsePrefix("224.0.0.0/4"),       // multicast
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),         // protocol assignments: Teredo, benchmarking, ORCHID
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}
