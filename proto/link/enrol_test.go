package link_test

import (
	"net"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

func enrolFrame() *wire.Frame {
	return &wire.Frame{Id: 1, Body: &wire.Frame_Enrol{Enrol: &wire.Enrol{Request: []byte("please")}}}
}

// enrol returns both ends of an enrolment link.
func enrol(t *testing.T, p pair, pki *pki) (dialled, accepted *link.Conn) {
	t.Helper()
	verify := func(chain [][]byte) (proto.Name, error) { return pki.verify(chain, true) }
	dialled, err := p.d.DialEnrol(t.Context(), p.l.Addr(), verify)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err = p.l.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dialled, accepted
}

func TestEnrolment(t *testing.T) {
	pki := newPKI(t)
	simulated(t, pki.config(relayA()), link.Config{}, func(t *testing.T, n *network, p pair) {
		d, a := enrol(t, p, pki)
		if !a.Enrolment() || a.Peer() != (proto.Name{}) || d.Peer() != relayA() {
			t.Errorf("enrolment %v, peers %v and %v", a.Enrolment(), a.Peer(), d.Peer())
		}
		if err := d.Send(enrolFrame()); err != nil {
			t.Fatal(err)
		}
		f, err := a.Receive(t.Context())
		if err != nil || string(f.GetEnrol().GetRequest()) != "please" {
			t.Fatalf("%v, %v", f, err)
		}
		a.Send(&wire.Frame{Re: 1, Body: &wire.Frame_EnrolReply{EnrolReply: &wire.EnrolReply{Reply: []byte("here")}}})
		if f, err = d.Receive(t.Context()); err != nil || string(f.GetEnrolReply().GetReply()) != "here" {
			t.Fatalf("%v, %v", f, err)
		}
		if s := p.l.Stats(); s.Enrolments != 1 {
			t.Errorf("stats %+v", s)
		}
		go drain(a) // ends with the link
		d.Close(nil)
		<-a.Done()
		time.Sleep(time.Millisecond)
		if s := p.l.Stats(); s.Enrolments != 0 {
			t.Errorf("an ended enrolment keeps its place: %+v", s)
		}
	})
}

func TestEnrolmentLinkCarriesNothingElse(t *testing.T) {
	pki := newPKI(t)
	for name, frames := range map[string][]*wire.Frame{
		"a text":           {text(1)},
		"done":             {{Body: &wire.Frame_Done{Done: &wire.Done{}}}},
		"a second request": {enrolFrame(), enrolFrame()},
	} {
		t.Run(name, func(t *testing.T) {
			simulated(t, pki.config(relayA()), link.Config{}, func(t *testing.T, n *network, p pair) {
				d, a := enrol(t, p, pki)
				for _, f := range frames {
					d.Send(f)
				}
				drain(a)
				<-a.Done()
				<-d.Done()
				wantOwnRefusal(t, "relay", a.Err(), proto.ReasonForbidden)
				wantPeerRefusal(t, "newcomer", d.Err(), proto.ReasonForbidden)
				if d.SendVoice(1, []byte("x")) {
					t.Error("voice was taken on an enrolment link")
				}
			})
		})
	}
}

func TestEnrolmentIsShort(t *testing.T) {
	pki := newPKI(t)
	server := pki.config(relayA())
	server.Limits.Enrolments = 2
	simulated(t, server, link.Config{}, func(t *testing.T, n *network, p pair) {
		begun := time.Now()
		d, a := enrol(t, p, pki)
		enrol(t, p, pki)
		_, err := p.d.DialEnrol(t.Context(), p.l.Addr(), func(chain [][]byte) (proto.Name, error) { return pki.verify(chain, true) })
		wantPeerRefusal(t, "third newcomer", err, proto.ReasonFull)
		<-a.Done()
		<-d.Done()
		if took := time.Since(begun); took > 31*time.Second {
			t.Errorf("ended after %v", took)
		}
		if got := proto.ReasonOf(a.Err()); got != proto.ReasonSlow {
			t.Errorf("ended with %v", a.Err())
		}
	})
}

func TestNewcomerJudgesTheRelayFirst(t *testing.T) {
	pki, other := newPKI(t), newPKI(t)
	simulated(t, pki.config(relayA()), link.Config{}, func(t *testing.T, n *network, p pair) {
		_, err := p.d.DialEnrol(t.Context(), p.l.Addr(), func(chain [][]byte) (proto.Name, error) { return other.verify(chain, true) })
		wantOwnRefusal(t, "newcomer", err, proto.ReasonUnknownAuthority)
		if _, err := p.d.Dial(t.Context(), &net.UDPAddr{}, anybody); err == nil {
			t.Error("a newcomer without a certificate made a link")
		}
	})
}
