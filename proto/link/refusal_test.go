package link_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"crossband/proto"
	"crossband/proto/link"
)

func TestRefusedCertificateHasOneReasonAtBothEnds(t *testing.T) {
	ours, theirs := newPKI(t), newPKI(t)
	trusting := func(c link.Config) link.Config { // accepts whoever comes
		c.Verify = func(chain [][]byte, _ bool) (proto.Name, error) { return relayB(), nil }
		return c
	}
	for _, tt := range []struct {
		name           string
		server, client link.Config
		expect         link.Expect
		byListener     bool
		want, heard    proto.Reason // by whoever refuses; by the other side
	}{
		{"listener does not know the relay's authority", ours.config(relayA()), trusting(theirs.config(relayB())), anybody, true,
			proto.ReasonUnknownAuthority, proto.ReasonUnknownAuthority},
		{"listener does not know the unit's authority", ours.config(relayA()), trusting(theirs.config(unit())), anybody, true,
			proto.ReasonUnknownAuthority, proto.ReasonUnknownAuthority},
		{"relay does not know the listener's authority", trusting(ours.config(relayA())), theirs.config(relayB()), anybody, false,
			proto.ReasonUnknownAuthority, proto.ReasonUnknownAuthority},
		{"relay meets another relay", ours.config(relayA()), ours.config(relayB()),
			link.Exactly(proto.Name{Agency: relayA().Agency, Role: proto.RoleRelay, Label: "other"}), false,
			proto.ReasonUnknownPeer, proto.ReasonUnknownPeer},
		{"relay meets another agency", ours.config(relayA()), ours.config(relayB()), link.Exactly(relayB()), false,
			proto.ReasonWrongAgency, proto.ReasonWrongAgency},
		{"relay meets a unit", ours.config(unit()), ours.config(relayB()), link.RelayOf(unit().Agency), false,
			proto.ReasonUnknownPeer, proto.ReasonUnknownPeer},
		// The price of keeping a device's name from an attacker in between.
		{"unit does not know the listener's authority", trusting(ours.config(relayA())), theirs.config(unit()), anybody, false,
			proto.ReasonUnknownAuthority, proto.ReasonBadCertificate},
	} {
		t.Run(tt.name, func(t *testing.T) {
			simulated(t, tt.server, tt.client, func(t *testing.T, n *network, p pair) {
				_, err := p.d.Dial(t.Context(), p.l.Addr(), tt.expect)
				a := <-n.refused
				if tt.byListener {
					wantPeerRefusal(t, "dialler", err, tt.heard)
					wantOwnRefusal(t, "listener", a.Err, tt.want)
					if !strings.Contains(fmt.Sprint(err), "another root") {
						t.Errorf("dialler was not told the detail: %v", err)
					}
				} else {
					wantOwnRefusal(t, "dialler", err, tt.want)
					wantPeerRefusal(t, "listener", a.Err, tt.heard)
				}
			})
		})
	}
}

// TestRefusedServerHearsWhyOnABadPath loses what a refusing relay sends first
// behind the server's flight: the last part of its handshake.
func TestRefusedServerHearsWhyOnABadPath(t *testing.T) {
	ours, theirs := newPKI(t), newPKI(t)
	server := ours.config(relayA())
	server.Verify = func([][]byte, bool) (proto.Name, error) { return relayB(), nil }
	simulated(t, server, theirs.config(relayB()), func(t *testing.T, n *network, p pair) {
		go func() { // ends within the handshake
			time.Sleep(2*oneWay - 5*time.Millisecond)
			n.wire.cut.Store(true)
			time.Sleep(10 * time.Millisecond)
			n.wire.cut.Store(false)
		}()
		_, err := p.d.Dial(t.Context(), p.l.Addr(), anybody)
		wantOwnRefusal(t, "dialler", err, proto.ReasonUnknownAuthority)
		wantPeerRefusal(t, "listener", (<-n.refused).Err, proto.ReasonUnknownAuthority)
		if n.wire.lost.Load() == 0 {
			t.Error("nothing was lost: the test shows nothing")
		}
	})
}

func TestDeviceIsNotNamedToAStranger(t *testing.T) {
	ours, theirs := newPKI(t), newPKI(t)
	server := theirs.config(relayA())
	server.Verify = func([][]byte, bool) (proto.Name, error) {
		t.Error("the stranger saw the device's certificate")
		return unit(), nil
	}
	asked := false
	client := ours.config(unit())
	shown := client.Certificate
	client.Certificate = func() (*tls.Certificate, error) { asked = true; return shown() }
	simulated(t, server, client, func(t *testing.T, n *network, p pair) {
		_, err := p.d.Dial(t.Context(), p.l.Addr(), anybody)
		wantOwnRefusal(t, "unit", err, proto.ReasonUnknownAuthority)
		if asked {
			t.Error("the device's certificate was fetched before the relay's was judged")
		}
	})
}

// TestHandshakeRefusals has peers that TLS itself turns away: no application
// byte passes, and both ends name the same reason.
func TestHandshakeRefusals(t *testing.T) {
	p := newPKI(t)
	cert := p.issue(relayB())
	for _, tt := range []struct {
		name   string
		change func(*tls.Config)
		want   proto.Reason
	}{
		{"no certificate", func(c *tls.Config) { c.Certificates = nil }, proto.ReasonNoIdentity},
		{"another protocol", func(c *tls.Config) { c.NextProtos = []string{"h3"} }, proto.ReasonVersion},
		{"a weak group", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP521} }, proto.ReasonWeakKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := p.config(relayA())
			server.Verify = func([][]byte, bool) (proto.Name, error) {
				t.Error("judged a peer whose handshake failed")
				return proto.Name{}, errors.New("unreachable")
			}
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				at, from := n.endpoint(), n.endpoint()
				n.sim.Start()
				server.Refused = func(a link.Attempt) { n.refused <- a }
				l, err := link.Listen(at, server)
				if err != nil {
					t.Fatal(err)
				}
				conf := memberTLS(cert)
				tt.change(conf)
				r, err := dialRaw(t, from, at.LocalAddr(), conf)
				if err == nil { // TLS 1.3 lets the client finish first
					<-r.conn.Context().Done()
				}
				wantOwnRefusal(t, "listener", (<-n.refused).Err, tt.want)
				r.close()
				l.Close()
				n.sim.Close()
			})
		})
	}
	t.Run("TLS 1.2", func(t *testing.T) {
		at, from := loopback(t), loopback(t)
		l, err := link.Listen(at, p.config(relayA()))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		conf := memberTLS(cert)
		conf.MaxVersion = tls.VersionTLS12
		r, err := dialRaw(t, from, at.LocalAddr(), conf)
		defer r.close()
		if err == nil {
			t.Error("a connection came about")
		}
	})
}

func TestVersionNegotiation(t *testing.T) {
	p := newPKI(t)
	for _, tt := range []struct {
		server, client [2]uint32
		want           uint32 // 0: refused
	}{
		{[2]uint32{1, 1}, [2]uint32{1, 1}, 1},
		{[2]uint32{1, 3}, [2]uint32{1, 1}, 1},
		{[2]uint32{1, 1}, [2]uint32{1, 9}, 1},
		{[2]uint32{1, 3}, [2]uint32{2, 5}, 3},
		{[2]uint32{2, 5}, [2]uint32{1, 3}, 3},
		{[2]uint32{2, 3}, [2]uint32{1, 1}, 0},
		{[2]uint32{1, 1}, [2]uint32{2, 3}, 0},
		{[2]uint32{1, 2}, [2]uint32{3, 4}, 0},
	} {
		server, client := p.config(relayA()), p.config(relayB())
		server.VersionMin, server.VersionMax = tt.server[0], tt.server[1]
		client.VersionMin, client.VersionMax = tt.client[0], tt.client[1]
		simulated(t, server, client, func(t *testing.T, n *network, p pair) {
			if tt.want > 0 {
				d, a := p.connect(t)
				if d.Version() != tt.want || a.Version() != tt.want {
					t.Errorf("%v with %v: versions %d and %d, want %d", tt.server, tt.client, d.Version(), a.Version(), tt.want)
				}
				return
			}
			_, err := p.d.Dial(t.Context(), p.l.Addr(), anybody)
			wantPeerRefusal(t, "dialler", err, proto.ReasonVersion)
			wantOwnRefusal(t, "listener", (<-n.refused).Err, proto.ReasonVersion)
			for _, v := range []string{"listener speaks versions", "the dialler"} {
				if !strings.Contains(fmt.Sprint(err), v) {
					t.Errorf("refusal does not name both sides' versions: %v", err)
				}
			}
		})
	}
}

// TestNothingIsResumed: a listener gives out no tickets, so that a second link
// is judged like the first and nothing comes before its handshake.
func TestNothingIsResumed(t *testing.T) {
	p := newPKI(t)
	cert := p.issue(relayB())
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		at, from := n.endpoint(), n.endpoint()
		n.sim.Start()
		l, err := link.Listen(at, p.config(relayA()))
		if err != nil {
			t.Fatal(err)
		}
		conf := memberTLS(cert)
		conf.ServerName = "relay" // what a client would keep a ticket under
		tickets := &ticketCache{}
		conf.ClientSessionCache = tickets
		tr := &quic.Transport{Conn: from}
		for range 2 {
			q, err := tr.DialEarly(t.Context(), at.LocalAddr(), conf, &quic.Config{EnableDatagrams: true})
			if err != nil {
				t.Fatal(err)
			}
			<-q.HandshakeComplete()
			time.Sleep(time.Second) // a ticket would come behind the handshake
			if s := q.ConnectionState(); s.Used0RTT || s.TLS.DidResume {
				t.Errorf("0-RTT used: %v, resumed: %v", s.Used0RTT, s.TLS.DidResume)
			}
			q.CloseWithError(0, "")
		}
		if tickets.put > 0 {
			t.Errorf("%d tickets were given out", tickets.put)
		}
		tr.Close()
		from.Close()
		l.Close()
		n.sim.Close()
	})
}

// ticketCache counts what a client could resume with.
type ticketCache struct {
	last *tls.ClientSessionState
	put  int
}

// Get implements tls.ClientSessionCache.
func (c *ticketCache) Get(string) (*tls.ClientSessionState, bool) { return c.last, c.last != nil }

// Put implements tls.ClientSessionCache.
func (c *ticketCache) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		c.last = s
		c.put++
	}
}
