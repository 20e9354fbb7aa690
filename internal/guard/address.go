package guard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// DefaultForwardedHeader is where most proxies write the address of who asked them.
const DefaultForwardedHeader = "X-Forwarded-For"

// Proxies find the address that a request comes from when it came through proxies.
type Proxies struct {
	trusted []netip.Prefix
	header  string // in canonical form
}

// NewProxies takes addresses and networks (10.0.0.0/8) of proxies that may be believed, and the one header in which they
// write addresses: Forwarded, as RFC 7239 says, or any other with a list of addresses, each proxy adding at the end. Only
// one header is read, since a proxy that writes one of them passes on what clients put into another. The error joins all
// faults.
func NewProxies(trusted []string, header string) (*Proxies, error) {
	p := &Proxies{header: http.CanonicalHeaderKey(header)}
	var faults []error
	for _, text := range trusted {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(text); err == nil {
				prefix = netip.PrefixFrom(addr, addr.BitLen())
			}
			if err == nil && addr.Zone() != "" {
				err = errors.New("it has a zone")
			}
		}
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%q is neither an address nor a network: write such as 10.1.2.3 or 10.0.0.0/8", text))
		case prefix.Addr().Is4In6():
			faults = append(faults, fmt.Errorf("%q is an IPv4 address within an IPv6 one: write the plain address", text))
		case prefix.Bits() == 0:
			faults = append(faults, fmt.Errorf("%q is every address, so anybody could name any: write those of your proxies", text))
		}
		p.trusted = append(p.trusted, prefix.Masked())
	}
	if strings.Trim(header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" || header == "" {
		faults = append(faults, fmt.Errorf("%q is no name of a header: write Forwarded, X-Forwarded-For or the like", header))
	}
	return p, errors.Join(faults...)
}

// Client is the address of the nearest sender that is no trusted proxy: the peer of the connection, or, as long as that is a
// proxy, who is written last in the header. It is not valid when the peer has no address, as over a socket of Unix, and no
// proxy names one; such a peer is on this machine, and is taken for a proxy. believed tells whether the header, if there is
// one, was read.
func (p *Proxies) Client(r *http.Request) (client netip.Addr, believed bool) {
	client = parseAddr(r.RemoteAddr)
	if client.IsValid() && !p.trusts(client) {
		return client, false
	}
	hops := r.Header[p.header]
	for i := len(hops) - 1; i >= 0; i-- {
		for list := hops[i]; list != ""; {
			var hop string
			if comma := strings.LastIndexByte(list, ','); comma >= 0 {
				list, hop = list[:comma], list[comma+1:]
			} else {
				list, hop = "", list
			}
			if p.header == "Forwarded" {
				hop = forwardedFor(hop)
			}
			next := parseAddr(strings.TrimSpace(hop))
			if !next.IsValid() { // hidden, or nonsense: what stands before it is nobody's word
				return client, true
			}
			client = next
			if !p.trusts(client) {
				return client, true
			}
		}
	}
	return client, true
}

func (p *Proxies) trusts(a netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// ignored tells that a request has a header of addresses that is not believed.
func (p *Proxies) ignored(r *http.Request, believed bool) bool {
	return !believed && (r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil)
}

// forwardedFor is the node that the parameter "for" of an element names.
// Source: RFC 7239, sections 4 and 5.2.
func forwardedFor(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// parseAddr reads an address, with or without a port, an IPv6 one with or without brackets.
func parseAddr(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// network is what one client has: an IPv4 address, or 2⁶⁴ of IPv6, which is what a single machine is given.
func network(a netip.Addr) netip.Prefix {
	if !a.IsValid() {
		return netip.Prefix{}
	}
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, _ := a.Prefix(bits) // both fit
	return p
}
