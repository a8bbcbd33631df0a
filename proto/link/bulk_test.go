package link_test

import (
	"net"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// offering lets a party's links be bulk links.
func offering(c link.Config) link.Config {
	c.Capabilities = proto.Capabilities()
	return c
}

// withholding takes what this build offers away.
func withholding(c link.Config) link.Config {
	c.Capabilities = []string{}
	return c
}

func fetch(id uint64) *wire.Frame {
	return &wire.Frame{Id: id, Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{}}}
}

// bulk returns both ends of a bulk link.
func (p pair) bulk(t testing.TB) (dialled, accepted *link.Conn) {
	t.Helper()
	dialled, err := p.d.DialBulk(t.Context(), p.l.Addr(), anybody)
	if err != nil {
		t.Fatal(err)
	}
	if accepted, err = p.l.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}

func TestABulkLinkCarriesRequestsForHistory(t *testing.T) {
	pki := newPKI(t)
	simulated(t, offering(pki.config(relayA())), offering(pki.config(unit())), func(t *testing.T, n *network, p pair) {
		d, a := p.bulk(t)
		if live, _ := p.connect(t); !d.Bulk() || !a.Bulk() || live.Bulk() {
			t.Fatalf("bulk %t and %t, live link bulk %t", d.Bulk(), a.Bulk(), live.Bulk())
		}
		if err := d.Send(fetch(1)); err != nil {
			t.Fatal(err)
		}
		f, err := a.Receive(t.Context())
		if err != nil || f.GetFetchLog() == nil {
			t.Fatalf("%v, %v", f, err)
		}
		big := &wire.Entries{Entries: []*wire.Entry{{Item: &wire.Entry_Text{Text: &wire.Text{Sealed: make([]byte, 300_000)}}}}}
		if err := a.Send(&wire.Frame{Re: 1, Body: &wire.Frame_Entries{Entries: big}}); err != nil {
			t.Fatal(err)
		}
		if f, err = d.Receive(t.Context()); err != nil || len(f.GetEntries().GetEntries()) != 1 {
			t.Fatalf("%v, %v", f, err)
		}
	})
}

// TestABulkLinkIsRefusedWhereNotAgreedOn: by who does not offer it, on either side.
func TestABulkLinkIsRefusedWhereNotAgreedOn(t *testing.T) {
	pki := newPKI(t)
	for name, c := range map[string]struct{ server, client link.Config }{
		"listener": {withholding(pki.config(relayA())), offering(pki.config(unit()))},
		"dialler":  {offering(pki.config(relayA())), withholding(pki.config(unit()))},
	} {
		t.Run(name, func(t *testing.T) {
			simulated(t, c.server, c.client, func(t *testing.T, n *network, p pair) {
				_, err := p.d.DialBulk(t.Context(), p.l.Addr(), anybody)
				if proto.ReasonOf(err) != proto.ReasonForbidden {
					t.Errorf("%v, want reason %d", err, proto.ReasonForbidden)
				}
				if told := (<-n.refused).Err; proto.ReasonOf(told) != proto.ReasonForbidden {
					t.Errorf("the audit has %v", told)
				}
			})
		})
	}
}

// TestABulkLinkTakesNothingElse: whatever is not bulk ends it, with the same reason at
// both ends.
func TestABulkLinkTakesNothingElse(t *testing.T) {
	pki := newPKI(t)
	frames := map[string]*wire.Frame{
		"floor":     {Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{}}},
		"subscribe": {Id: 1, Body: &wire.Frame_Subscribe{Subscribe: &wire.Subscribe{}}},
		"text":      text(10),
		"commit":    {Id: 1, Body: &wire.Frame_Commit{Commit: &wire.Commit{}}},
		"hail":      {Id: 1, Body: &wire.Frame_Hail{Hail: &wire.Hail{}}},
		"heartbeat": {Body: &wire.Frame_Heartbeat{Heartbeat: &wire.Heartbeat{}}},
	}
	for name, f := range frames {
		t.Run(name, func(t *testing.T) {
			simulated(t, offering(pki.config(relayA())), offering(pki.config(unit())), func(t *testing.T, n *network, p pair) {
				d, a := p.bulk(t)
				go drain(d)
				if err := d.Send(f); err != nil {
					t.Fatal(err)
				}
				_, err := a.Receive(t.Context())
				if err == nil {
					t.Fatal("it was taken")
				}
				wantOwnRefusal(t, "listener", err, proto.ReasonForbidden)
				<-d.Done()
				wantPeerRefusal(t, "dialler", d.Err(), proto.ReasonForbidden)
			})
		})
	}
}

// TestVoiceOnABulkLinkEndsIt is of a dialler that keeps to nothing; our own gives none
// away.
func TestVoiceOnABulkLinkEndsIt(t *testing.T) {
	pki := newPKI(t)
	simulated(t, offering(pki.config(relayA())), offering(pki.config(unit())), func(t *testing.T, n *network, p pair) {
		d, a := p.bulk(t)
		if d.SendVoice(1, make([]byte, 60)) || a.SendVoice(1, make([]byte, 60)) {
			t.Error("voice was taken for a bulk link")
		}
		if s := d.Stats(); s.Dropped.Closed != 1 {
			t.Errorf("dropped %+v", s.Dropped)
		}
		at := &net.UDPAddr{IP: net.IPv4(10, 0, 0, 77), Port: 4433}
		pc, end := n.later(at)
		n.ends = append(n.ends, func() { end() })
		conf := memberTLS(pki.issue(unit()))
		r, err := dialRaw(t, pc, p.l.Addr(), conf)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		h := hello(1, 1)
		h.GetHello().Bulk, h.GetHello().Capabilities = true, proto.Capabilities()
		r.write(encode(t, h))
		if _, err := proto.ReadFrame(r.stream, func(proto.Kind, int) error { return nil }); err != nil {
			t.Fatal(err)
		}
		c, err := p.l.Accept(t.Context())
		if err != nil || !c.Bulk() {
			t.Fatalf("%v", err)
		}
		if err := r.conn.SendDatagram(make([]byte, 32)); err != nil { // a sounding is no voice
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if c.Err() != nil {
			t.Fatalf("a sounding ended the link: %v", c.Err())
		}
		if err := r.conn.SendDatagram([]byte{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		if app := r.ended(); proto.Reason(app.ErrorCode) != proto.ReasonForbidden {
			t.Errorf("ended with %v", app)
		}
	})
}

// TestABulkLinkClosesWithoutItsQueue: whoever closes it, a relay that stops among them,
// does not wait until all of what is queued has gone at the link's pace.
func TestABulkLinkClosesWithoutItsQueue(t *testing.T) {
	pki := newPKI(t)
	simulated(t, offering(pki.config(relayA())), offering(pki.config(unit())), func(t *testing.T, n *network, p pair) {
		d, a := p.bulk(t)
		go func() {
			for {
				if _, err := d.Receive(t.Context()); err != nil {
					return
				}
			}
		}()
		for range 4 {
			big := &wire.Entries{Entries: []*wire.Entry{{Item: &wire.Entry_Text{Text: &wire.Text{Sealed: make([]byte, 900_000)}}}}}
			if err := a.Send(&wire.Frame{Re: 1, Body: &wire.Frame_Entries{Entries: big}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		if a.Stats().ControlQueued == 0 {
			t.Fatal("nothing is queued: this is no test")
		}
		began := time.Now()
		a.Close(nil)
		<-a.Done()
		if took := time.Since(began); took > time.Second {
			t.Errorf("closed after %v", took)
		}
		<-d.Done()
		wantPeerRefusal(t, "dialler", d.Err(), proto.ReasonClosing)
	})
}
