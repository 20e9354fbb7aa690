package operator

import "strings"

// What lies between two addresses: of a field of addresses the address itself, whatever its
// prefix length; of networks the whole network.
const (
	addressesFrom = "pg_catalog.host({x})::pg_catalog.inet between pg_catalog.host({from})::pg_catalog.inet and pg_catalog.host({to})::pg_catalog.inet"
	networksFrom  = "(pg_catalog.host({x})::pg_catalog.inet >= pg_catalog.host({from})::pg_catalog.inet and pg_catalog.host(pg_catalog.broadcast({x}))::pg_catalog.inet <= pg_catalog.host({to})::pg_catalog.inet)"
)

// The blocks behind the named kinds of addresses.
const (
	private   = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16" // RFC 1918
	unique    = "fc00::/7"                                // RFC 4193
	loopback  = "127.0.0.0/8,::1/128"                     // RFC 1122, RFC 4291
	multicast = "224.0.0.0/4,ff00::/8"                    // RFC 5771, RFC 4291
	linkLocal = "169.254.0.0/16,fe80::/10"                // RFC 3927, RFC 4291
	examples  = "192.0.2.0/24,198.51.100.0/24,203.0.113.0/24,2001:db8::/32,3fff::/20"
	carrier   = "100.64.0.0/10"   // RFC 6598
	siteLocal = "fec0::/10"       // RFC 3879
	unicast   = "2000::/3"        // RFC 4291
	broadcast = "255.255.255.255" // RFC 919

	// RFC 1122 and RFC 1112; for IPv6 the blocks that the registry of RFC 4291 keeps for the IETF.
	reserved = "0.0.0.0/8,240.0.0.0/4,::/8,100::/8,200::/7,400::/6,800::/5,1000::/4,4000::/3,6000::/3,8000::/3,a000::/3,c000::/3,e000::/4,f000::/5,f800::/6,fe00::/9"

	// What the registries of RFC 6890 do not call globally reachable, and multicast.
	special = "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.0.2.0/24,192.168.0.0/16," +
		"198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/4,240.0.0.0/4," +
		"::/3,4000::/2,8000::/1,2001::/23,2001:db8::/32,2002::/16,3fff::/20"
)

// network has the operators on addresses and networks. A network is of a kind when all of it
// is, and public when no part of it is special. An IPv4 address that is written as IPv6
// (::ffff:192.0.2.1) is judged as what it is, an IPv6 address.
func network(between string) []Operator {
	within := func(name, blocks, text string) Operator {
		return Operator{
			Name: name, Takes: Switch, SQL: "{x} <<= any('{" + blocks + "}'::pg_catalog.inet[])",
			Description: "true: lies in " + text + "; false: does not.",
		}
	}
	listed := func(blocks string) string { return strings.ReplaceAll(blocks, ",", ", ") }
	return []Operator{
		{Name: "inSubnet", Takes: Subnet, Cast: "inet", SQL: "{x} <<= {v}", Description: "Lies in this network, or is it."},
		{Name: "inRange", Takes: Addresses, Cast: "inet", SQL: between, Description: "Lies between two addresses, ends included; a network, when all of it does. Every IPv4 address comes before every IPv6 address."},
		{Name: "overlaps", Takes: Host, Cast: "inet", SQL: "{x} && {v}", Description: "Has an address in common with this address or network."},
		{Name: "strictLeft", Takes: Host, Cast: "inet", SQL: "{x} << {v}", Description: "Lies in this network and is not all of it: PostgreSQL's <<."},
		{Name: "strictRight", Takes: Host, Cast: "inet", SQL: "{x} >> {v}", Description: "Holds this address or network and more: PostgreSQL's >>."},
		{Name: "isIPv4", Takes: Switch, SQL: "pg_catalog.family({x}) = 4", Not: "pg_catalog.family({x}) <> 4", Aliases: []string{"is_ipv4"}, Description: "true: is of IPv4; false: is of IPv6."},
		{Name: "isIPv6", Takes: Switch, SQL: "pg_catalog.family({x}) = 6", Not: "pg_catalog.family({x}) <> 6", Aliases: []string{"is_ipv6"}, Description: "true: is of IPv6; false: is of IPv4."},
		within("isPrivate", private+","+unique, listed(private)+" (RFC 1918) or "+unique+" (RFC 4193)"),
		{
			Name: "isPublic", Takes: Switch, SQL: "not {x} && any('{" + special + "}'::pg_catalog.inet[])", Not: "{x} && any('{" + special + "}'::pg_catalog.inet[])",
			Description: "true: can be reached globally, as it has nothing of multicast and of the blocks that the registries of RFC 6890 keep for special purposes; false: cannot.",
		},
		within("isLoopback", loopback, "127.0.0.0/8 (RFC 1122) or ::1 (RFC 4291)"),
		within("isMulticast", multicast, "224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291)"),
		within("isBroadcast", broadcast, "255.255.255.255, the limited broadcast address (RFC 919)"),
		within("isLinkLocal", linkLocal, "169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291)"),
		within("isDocumentation", examples, "192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), 2001:db8::/32 (RFC 3849) or 3fff::/20 (RFC 9637)"),
		within("isReserved", reserved, "0.0.0.0/8 (RFC 1122), 240.0.0.0/4 (RFC 1112), or an IPv6 block that is reserved by the IETF (RFC 4291), the unspecified and the loopback address among them"),
		within("isCarrierGrade", carrier, "100.64.0.0/10, between providers and customers (RFC 6598)"),
		within("isSiteLocal", siteLocal, "fec0::/10, which is out of use (RFC 3879)"),
		within("isUniqueLocal", unique, "fc00::/7 (RFC 4193)"),
		within("isGlobalUnicast", unicast, "2000::/3, the global unicast addresses of IPv6 (RFC 4291)"),
	}
}
