package door_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"crossband/relay/hook/deliver/door"
)

func policy(t testing.TB, allow ...string) door.Policy {
	t.Helper()
	p, err := door.NewPolicy(allow)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// insideURLs are URLs that lead inside, by address. They are of the kinds that
// server-side request forgery is tried with.
func insideURLs() []string {
	return []string{
		// Loopback, and this host by its other names.
		"https://127.0.0.1/", "https://127.1.2.3:8443/", "https://[::1]/", "https://0.0.0.0/", "https://0.1.2.3/", "https://[::]/",
		// Private, shared, link-local, metadata.
		"https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/",
		"https://100.64.0.1/", "https://100.127.255.255/", "https://100.100.100.200/",
		"https://169.254.169.254/latest/meta-data/", "https://169.254.170.2/", "https://168.63.129.16/", "https://192.0.0.192/",
		"https://[fd00:ec2::254]/", "https://[fe80::1]/", "https://[fc00::1]/", "https://[fd12:3456:789a::1]/", "https://[fec0::1]/",
		// Multicast, broadcast, reserved, documentation, benchmarking.
		"https://224.0.0.1/", "https://239.255.255.250/", "https://255.255.255.255/", "https://240.0.0.1/", "https://[ff02::1]/",
		"https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/", "https://198.18.0.1/", "https://198.19.255.255/",
		"https://[2001:db8::1]/", "https://[3fff::1]/", "https://[100::1]/", "https://[5f00::1]/",
		// IPv4 within IPv6: mapped, compatible, NAT64, 6to4, Teredo, SIIT.
		"https://[::ffff:127.0.0.1]/", "https://[::ffff:169.254.169.254]/", "https://[::ffff:10.0.0.1]/", "https://[::7f00:1]/",
		"https://[64:ff9b::7f00:1]/", "https://[64:ff9b::808:808]/", "https://[64:ff9b:1::a00:1]/",
		"https://[2002:7f00:1::]/", "https://[2002:a9fe:a9fe::1]/", "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "https://192.88.99.1/",
		"https://[::ffff:0:7f00:1]/", "https://[::1%25lo]/", "https://[fe80::1%25eth0]/",
	}
}

// disguisedURLs are no URLs of a hook at all: addresses that only some
// resolvers read, users, zones, other schemes, other services' ports.
func disguisedURLs() []string {
	return []string{
		"https://2130706433/", "https://017700000001/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0X7F.1/",
		"https://0177.0.0.1/", "https://127.1/", "https://127.0.1/", "https://127.0.0.1./", "https://127.000.000.001/", "https://1.2.3.4.5/",
		"https://0/", "https://10.0x1/", "https://example.0x/", "https://example.123/", "https://3232235777/", "https://425.510.425.510/", "https://0251.0376.0251.0376/",
		"https://[0:0:0:0:0:0:0:1]/", "https://[::FFFF:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::1/", "https://::1/", "https://[v1.x]/", "https://[127.0.0.1]x/",
		"https://user@example.com/", "https://user:pass@example.com/", "https://example.com@127.0.0.1/", "https://@example.com/",
		"https://localhost/", "https://metadata/", "https://relay/", "https://.example.com/", "https://example..com/", "https://example.com./", "https:///x", "https://", "https:example.com", "https://-a.example.com/", "https://a_b.example.com/",
		"https://ex%61mple.com/", "https://127.0.0%2e1/", "https://example.com%00.evil.example/", "https://exämple.com/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/",
		"https://example.com\\@127.0.0.1/", "https://example.com /", " https://example.com/", "https://example.com/\r\nHost:x", "https://example.com/\t", "https://example.com/#fragment", "https://example.com/#",
		"http://example.com/", "http://8.8.8.8/", "HTTP://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "dict://example.com:11211/", "ldap://example.com/", "unix:///var/run/docker.sock", "data:text/plain,x", "javascript:alert(1)", "//example.com/", "example.com/x", "",
		"https://example.com:22/", "https://example.com:25/", "https://example.com:80/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:-1/", "https://example.com:0443/", "https://example.com:+443/", "https://example.com:/", "https://example.com:443:443/", "https://8.8.8.8:53/",
		"https://" + strings.Repeat("a", 64) + ".example.com/", "https://" + strings.Repeat("a.", 130) + "example.com/", "https://example.com/" + strings.Repeat("a", 2048),
	}
}

func TestURLsThatLeadInside(t *testing.T) {
	p := policy(t)
	for _, text := range insideURLs() {
		if _, err := p.ParseURL(text); !errors.Is(err, door.ErrAddress) {
			t.Errorf("%s: %v, want %v", text, err, door.ErrAddress)
		}
	}
	for _, text := range disguisedURLs() {
		if u, err := p.ParseURL(text); !errors.Is(err, door.ErrURL) {
			t.Errorf("%q: %v, %v, want %v", text, u, err, door.ErrURL)
		}
	}
}

func TestURLsOfReceivers(t *testing.T) {
	p := policy(t)
	for _, text := range []string{
		"https://example.com/", "https://example.com", "https://hooks.agency.example:8443/in?key=1", "https://EXAMPLE.com/", "https://xn--exmple-cua.example/x%20y",
		"https://example.com:443/", "https://8.8.8.8/", "https://1.1.1.1:1024/", "https://[2606:4700:4700::1111]/", "https://[2a00:1450:4001::1]:8443/", "https://[::ffff:8.8.8.8]/",
		"https://0xcafe.example/", "https://123.example/",
	} {
		if _, err := p.ParseURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestNeighboursAreNotRefused: each range ends where its registry says.
func TestNeighboursAreNotRefused(t *testing.T) {
	for _, text := range []string{
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "223.255.255.255", "168.63.129.15",
		"2000::", "2001:200::1", "2001:db7:ffff::", "2001:db9::", "2001:ffff::", "2003::1", "3ffe:ffff::", "3fff:1000::", "3fff:ffff::",
	} {
		if err := policy(t).Judge(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"1fff:ffff::", "4000::", "2001:1ff:ffff::", "2001:db8:ffff::", "2002:ffff::", "3fff:fff::", "100.127.255.255", "172.31.255.255"} {
		if err := policy(t).Judge(netip.MustParseAddr(text)); !errors.Is(err, door.ErrAddress) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := policy(t).Judge(netip.Addr{}); !errors.Is(err, door.ErrAddress) {
		t.Errorf("no address: %v", err)
	}
}

func TestAllowList(t *testing.T) {
	p := policy(t, "10.1.2.3/32", "127.0.0.0/16", "fd12:3456:789a::/64")
	for _, text := range []string{
		"https://10.1.2.3/", "https://10.1.2.3:80/", "https://127.0.0.1:9/", "http://127.0.0.1/", "https://[fd12:3456:789a::1]/", "https://[::ffff:10.1.2.3]/", "http://[::ffff:127.0.0.1]:80/",
	} {
		if _, err := p.ParseURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]error{
		"https://10.1.2.4/": door.ErrAddress, "https://127.1.0.1/": door.ErrAddress, "https://[::1]/": door.ErrAddress, "https://[64:ff9b::a01:203]/": door.ErrAddress,
		"http://10.1.2.3/": door.ErrURL, "http://[fd12:3456:789a::1]/": door.ErrURL, "https://169.254.169.254/": door.ErrAddress,
	} {
		if _, err := p.ParseURL(text); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

func TestWhatCannotBeListed(t *testing.T) {
	for _, text := range []string{
		"", "10.1.2.3", "10.1.2.3/33", "x/8", "10.1.2.3/24", "0.0.0.0/0", "10.0.0.0/8", "::/0", "fd00::/8", "::ffff:10.0.0.0/120",
		"169.254.169.254/32", "169.254.0.0/16", "0.0.0.0/32", "255.255.255.255/32", "224.0.0.0/24", "fe80::/64", "ff02::1/128", "fd00:ec2::254/128", "fd00:ec2::/48", "::/128", "fe80::1%eth0/128",
	} {
		if _, err := door.NewPolicy([]string{text}); err == nil {
			t.Errorf("%q was listed", text)
		}
	}
	if _, err := door.NewPolicy(make([]string, door.MaxAllow+1)); err == nil {
		t.Error("33 prefixes")
	}
}

// FuzzParseURL: what is taken is https to a name or a judged address, and
// leads where its text says.
func FuzzParseURL(f *testing.F) {
	for _, list := range [][]string{insideURLs(), disguisedURLs(), {"https://example.com:8443/x?y", "https://8.8.8.8/", "https://[2606:4700::1]/"}} {
		for _, text := range list {
			f.Add(text)
		}
	}
	p := policy(f)
	f.Fuzz(func(t *testing.T, text string) {
		u, err := p.ParseURL(text)
		if err != nil {
			if !errors.Is(err, door.ErrURL) && !errors.Is(err, door.ErrAddress) {
				t.Errorf("%q: %v is no reason", text, err)
			}
			return
		}
		if u.Scheme != "https" || u.User != nil || u.Fragment != "" {
			t.Fatalf("%q: taken as %v", text, u)
		}
		again, err := p.ParseURL(u.String())
		if err != nil || again.Host != u.Host {
			t.Fatalf("%q: sent as %q, which is %v, %v", text, u, again, err)
		}
		host := u.Hostname()
		if a, err := netip.ParseAddr(host); err == nil {
			if err := p.Judge(a); err != nil {
				t.Fatalf("%q: taken though %v", text, err)
			}
			return
		}
		last := host[strings.LastIndexByte(host, '.')+1:]
		if !strings.Contains(host, ".") || strings.Trim(last, "0123456789") == "" || strings.ContainsAny(host, ":%@/\\ ") {
			t.Fatalf("%q: host %q", text, host)
		}
	})
}
