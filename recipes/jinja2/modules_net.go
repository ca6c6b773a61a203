package jinja2

import (
	"math/big"
	"net/netip"
	"strconv"
	"strings"

	"gobuild/parts/literal"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

func netaddrModule() *Object {
	return newModule("netaddr", map[string]native{
		"IPAddress": netAddress, "IPNetwork": netNetwork,
		"valid_ipv4": netValid(netip.Addr.Is4), "valid_ipv6": netValid(func(a netip.Addr) bool { return a.Is6() }),
	}, nil)
}

func netValid(is func(netip.Addr) bool) native {
	return func(c *call) (starlark.Value, error) {
		v, err := c.one()
		if err != nil {
			return nil, err
		}
		text, err := c.text(v, "")
		a, ok := parseAddress(text)
		return starlark.Bool(ok && is(a)), err
	}
}

func version(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

func addressInt(a netip.Addr) *big.Int { return new(big.Int).SetBytes(a.AsSlice()) }

// addressOf returns the address of that number, or false when there is none.
func addressOf(n *big.Int, v int) (netip.Addr, bool) {
	size := map[int]int{4: 4, 6: 16}[v]
	if n.Sign() < 0 || n.BitLen() > 8*size {
		return netip.Addr{}, false
	}
	a, ok := netip.AddrFromSlice(n.FillBytes(make([]byte, size)))
	return a, ok
}

// IPAddress is an address of the module netaddr.
type IPAddress struct {
	opaque
	addr netip.Addr
}

// String returns the repr.
func (a *IPAddress) String() string { return "IPAddress('" + a.addr.String() + "')" }

// Type implements starlark.Value.
func (a *IPAddress) Type() string { return "IPAddress" }

// Hash implements starlark.Value.
func (a *IPAddress) Hash() (uint32, error) { return starlark.String(a.addr.String()).Hash() }

// CompareSameType implements starlark.Comparable.
func (a *IPAddress) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	return orderHolds(op, a.addr.Compare(y.(*IPAddress).addr)), nil
}

func orderHolds(op syntax.Token, order int) bool {
	switch op {
	case syntax.EQL:
		return order == 0
	case syntax.NEQ:
		return order != 0
	}
	for text, token := range orderTokens {
		if token == op {
			return holds(text, order)
		}
	}
	return false
}

// Binary implements starlark.HasBinary: addresses and numbers are added.
func (a *IPAddress) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	n, ok := y.(starlark.Int)
	if !ok || side != starlark.Left || op != syntax.PLUS && op != syntax.MINUS {
		return nil, nil
	}
	if op == syntax.MINUS {
		n = starlark.MakeInt(0).Sub(n)
	}
	sum, ok := addressOf(new(big.Int).Add(addressInt(a.addr), bigOf(n)), version(a.addr))
	if !ok {
		return nil, errorf("IndexError", "result outside valid IP address boundary!")
	}
	return &IPAddress{addr: sum}, nil
}

func (a *IPAddress) attr(name string) starlark.Value {
	switch name {
	case "version":
		return starlark.MakeInt(version(a.addr))
	case "value":
		return starlark.MakeBigInt(addressInt(a.addr))
	case "words", "bits", "bin", "packed", "reverse_dns", "is_private", "is_loopback":
		return newFunc(name, func(*call) (starlark.Value, error) { return nil, errorf(UnsupportedError, "IPAddress.%s", name) })
	}
	return nil
}

func netAddress(c *call) (starlark.Value, error) {
	p, err := c.params(1, "addr", "version")
	if err != nil {
		return nil, err
	}
	if n, ok := p[0].(starlark.Int); ok {
		v, err := c.int(orNone(p[1]), 4)
		if err != nil {
			return nil, err
		}
		if p[1] == nil && bigOf(n).BitLen() > 32 {
			v = 6
		}
		a, ok := addressOf(bigOf(n), v)
		if !ok {
			return nil, errorf("AddrFormatError", "base address %s is not IPv%d", n, v)
		}
		return &IPAddress{addr: a}, nil
	}
	if a, ok := p[0].(*IPAddress); ok {
		return a, nil
	}
	text, err := c.text(p[0], "")
	if err != nil {
		return nil, err
	}
	a, ok := parseAddress(text)
	if !ok {
		return nil, errorf("AddrFormatError", "failed to detect a valid IP address from %s", literal.Quote(text))
	}
	return &IPAddress{addr: a}, nil
}

// IPNetwork is a network of the module netaddr.
type IPNetwork struct {
	opaque
	prefix netip.Prefix // with the address as it was given
}

// String returns the repr.
func (n *IPNetwork) String() string { return "IPNetwork('" + n.prefix.String() + "')" }

// Type implements starlark.Value.
func (n *IPNetwork) Type() string { return "IPNetwork" }

// Hash implements starlark.Value.
func (n *IPNetwork) Hash() (uint32, error) { return starlark.String(n.prefix.Masked().String()).Hash() }

// CompareSameType implements starlark.Comparable.
func (n *IPNetwork) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	a, b := n.prefix.Masked(), y.(*IPNetwork).prefix.Masked()
	order := a.Addr().Compare(b.Addr())
	if order == 0 {
		order = a.Bits() - b.Bits()
	}
	return orderHolds(op, order), nil
}

func (n *IPNetwork) first() *big.Int { return addressInt(n.prefix.Masked().Addr()) }

func (n *IPNetwork) size() *big.Int {
	return new(big.Int).Lsh(big.NewInt(1), uint(n.prefix.Addr().BitLen()-n.prefix.Bits()))
}

func (n *IPNetwork) last() *big.Int {
	return new(big.Int).Sub(new(big.Int).Add(n.first(), n.size()), big.NewInt(1))
}

func (n *IPNetwork) address(i *big.Int) starlark.Value {
	a, ok := addressOf(i, version(n.prefix.Addr()))
	if !ok {
		return starlark.None
	}
	return &IPAddress{addr: a}
}

// Get implements starlark.Mapping: the address of that index.
func (n *IPNetwork) Get(k starlark.Value) (starlark.Value, bool, error) {
	i, ok := number(k).(starlark.Int)
	if !ok {
		return nil, false, typeErrorf("unsupported index type %s!", typeName(k))
	}
	at := bigOf(i)
	if at.Sign() < 0 {
		at = new(big.Int).Add(at, n.size())
	}
	if at.Sign() < 0 || at.Cmp(n.size()) >= 0 {
		return nil, false, errorf("IndexError", "index out range for address range size!")
	}
	return n.address(new(big.Int).Add(n.first(), at)), true, nil
}

func (n *IPNetwork) attr(name string) starlark.Value {
	switch name {
	case "prefixlen":
		return starlark.MakeInt(n.prefix.Bits())
	case "version":
		return starlark.MakeInt(version(n.prefix.Addr()))
	case "ip":
		return &IPAddress{addr: n.prefix.Addr()}
	case "network":
		return n.address(n.first())
	case "first":
		return starlark.MakeBigInt(n.first())
	case "last":
		return starlark.MakeBigInt(n.last())
	case "size":
		return starlark.MakeBigInt(n.size())
	case "netmask":
		return n.address(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(n.prefix.Addr().BitLen())), n.size()))
	case "hostmask":
		return n.address(new(big.Int).Sub(n.size(), big.NewInt(1)))
	case "broadcast":
		if n.prefix.Addr().Is6() || n.prefix.Bits() > 30 {
			return starlark.None
		}
		return n.address(n.last())
	case "cidr":
		return &IPNetwork{prefix: n.prefix.Masked()}
	case "subnet", "supernet", "iter_hosts", "next", "previous", "is_private":
		return newFunc(name, func(*call) (starlark.Value, error) { return nil, errorf(UnsupportedError, "IPNetwork.%s", name) })
	}
	return nil
}

func netNetwork(c *call) (starlark.Value, error) {
	v, err := c.one()
	if err != nil {
		return nil, err
	}
	if n, ok := v.(*IPNetwork); ok {
		return n, nil
	}
	text, err := c.text(v, "")
	if err != nil {
		return nil, err
	}
	bad := errorf("AddrFormatError", "invalid IPNetwork %s", text)
	host, mask, hasMask := strings.Cut(text, "/")
	a, ok := parseAddress(host)
	if !ok {
		return nil, bad
	}
	bits := a.BitLen()
	if hasMask {
		if bits, ok = maskBits(mask, a); !ok {
			return nil, bad
		}
	}
	return &IPNetwork{prefix: netip.PrefixFrom(a, bits)}, nil
}

// maskBits reads the length of a prefix, or a mask such as 255.255.0.0.
func maskBits(mask string, a netip.Addr) (int, bool) {
	if n, err := strconv.Atoi(mask); err == nil {
		return n, n >= 0 && n <= a.BitLen()
	}
	m, ok := parseAddress(mask)
	if !ok || m.BitLen() != a.BitLen() {
		return 0, false
	}
	n := addressInt(m)
	zeros := int(n.TrailingZeroBits())
	if n.Sign() == 0 {
		zeros = a.BitLen()
	}
	ones := new(big.Int).Rsh(n, uint(zeros))
	return a.BitLen() - zeros, ones.BitLen() == a.BitLen()-zeros && new(big.Int).And(ones, new(big.Int).Add(ones, big.NewInt(1))).Sign() == 0
}
