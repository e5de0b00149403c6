package main

import (
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
)

// Addresses are those of the connection. Behind a proxy that is the proxy's,
// for everyone together: a service there takes the address that its own proxy
// vouches for, and no other, from a header.

// remoteAddr is the address of the caller, for logs.
func remoteAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// network is what one caller can be expected to hold of the address space: an
// IPv4 address, or an IPv6 network of 64 bits.
func network(remoteAddr string) string {
	ap, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	addr := ap.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64) // an IPv6 address has 64 bits
	return prefix.String()
}

// digestKey stands for a text of any length, or a secret, as the key of a map.
func digestKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return string(sum[:])
}
