package link

import (
	"net"
	"testing"
	"time"

	"golang.org/x/net/ipv6"
)

// TestLanesLeaveFromQUICsAddress: a socket that has many addresses names the one
// that the endpoint knows, in both families.
func TestLanesLeaveFromQUICsAddress(t *testing.T) {
	other := net.IPv4(127, 0, 0, 2) // Linux has all of 127/8
	for _, tt := range []struct {
		network        string
		bound, at, src net.IP
	}{
		{"udp4", net.IPv4zero, other, other},
		{"udp", net.IPv6unspecified, other, other},
		{"udp4", v4(), other, v4()}, // there is no choice
	} {
		c := batching(t, tt.network, tt.bound)
		to, err := net.ListenUDP("udp4", &net.UDPAddr{IP: v4()})
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		oob := (&socket{pc: c}).source(&net.UDPAddr{IP: tt.at, Port: 1})
		if _, _, err := c.UDPConn.WriteMsgUDP([]byte{0}, oob, to.LocalAddr().(*net.UDPAddr)); err != nil {
			t.Fatalf("bound to %v: the system refuses %x: %v", tt.bound, oob, err)
		}
		to.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, from, err := to.ReadFromUDP(make([]byte, 1)); err != nil || !from.IP.Equal(tt.src) {
			t.Errorf("bound to %v: from %v, %v, want %v", tt.bound, from, err, tt.src)
		}
	}
	c := batching(t, "udp", net.IPv6unspecified)
	oob := (&socket{pc: c}).source(&net.UDPAddr{IP: net.IPv6loopback, Port: 1})
	var m ipv6.ControlMessage
	if err := m.Parse(oob); err != nil || !m.Dst.Equal(net.IPv6loopback) { // of what has been received it is the destination
		t.Errorf("IPv6: %x names %v, %v", oob, m.Dst, err)
	}
	at, next := receiver(t, net.IPv6loopback)
	if _, _, err := c.UDPConn.WriteMsgUDP([]byte("@6"), oob, at); err != nil || next() != "@6" {
		t.Errorf("IPv6: the system refuses %x: %v", oob, err)
	}
}
