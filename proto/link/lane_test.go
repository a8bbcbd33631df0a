package link_test

import (
	"context"
	"crypto/fips140"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/link/lane"
)

// laneSpy stands on the wire and tells lanes' packets from QUIC's.
type laneSpy struct {
	mu    sync.Mutex
	seen  []simnet.Packet
	at    []time.Time
	block bool // lanes' packets are lost
	loss  int  // of lanes' packets, per thousand
}

func spyOn(n *network) *laneSpy {
	s := &laneSpy{}
	f := func(p simnet.Packet) simnet.Packet { return s.pass(p) }
	n.wire.rewrite.Store(&f)
	return s
}

func (s *laneSpy) pass(p simnet.Packet) simnet.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := lane.Identify(p.Data); ok {
		kept := p
		kept.Data = append([]byte(nil), p.Data...)
		s.seen, s.at = append(s.seen, kept), append(s.at, time.Now())
		if s.block || rand.IntN(1000) < s.loss {
			p.To = &net.UDPAddr{IP: net.IPv4(10, 0, 0, 99), Port: 1} // nowhere
		}
	}
	return p
}

func (s *laneSpy) set(f func(*laneSpy)) { s.mu.Lock(); defer s.mu.Unlock(); f(s) }

// packets returns the lanes' packets since the last call.
func (s *laneSpy) packets() []simnet.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.seen
	s.seen, s.at = nil, nil
	return seen
}

// relayTalk sends numbered frames to a link every 20 ms, as a relay does.
func relayTalk(l *link.Listener, c *link.Conn, from, n int) {
	for i := range n {
		v := l.Volley(time.Now())
		v.Send(c, 1, numbered(from+i))
		v.Fire()
		time.Sleep(proto.VoiceFrame)
	}
}

func numbered(i int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(i)), make([]byte, 76)...)
}

// listener notes which frames an endpoint heard, and when.
type listener struct {
	mu    sync.Mutex
	heard map[int]int
	last  time.Time
	gap   time.Duration
}

func listenTo(c *link.Conn) *listener {
	h := &listener{heard: make(map[int]int)}
	go func() { // ends with the link
		for {
			b, err := c.ReceiveVoice(context.Background())
			if err != nil {
				return
			}
			h.take(b)
		}
	}()
	return h
}

func (h *listener) take(b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.last.IsZero() {
		h.gap = max(h.gap, time.Since(h.last))
	}
	h.last = time.Now()
	h.heard[int(binary.BigEndian.Uint32(b[1:]))]++
}

// missing returns how many frames of a range did not come, and how many came
// more than once.
func (h *listener) missing(from, n int) (lost, twice int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := from; i < from+n; i++ {
		switch got := h.heard[i]; {
		case got == 0:
			lost++
		case got > 1:
			twice++
		}
	}
	return lost, twice
}

func wantAll(t *testing.T, h *listener, from, n int) {
	t.Helper()
	if lost, twice := h.missing(from, n); lost > 0 || twice > 0 {
		t.Errorf("frames %d to %d: %d lost, %d twice", from, from+n, lost, twice)
	}
}

// needsLane skips where there is none.
func needsLane(t *testing.T) {
	t.Helper()
	if fips140.Enforced() {
		t.Skip("FIPS 140-3 is enforced: no lane is offered")
	}
}

// TestNoLaneWhereFIPSIsEnforced runs where needsLane skips.
func TestNoLaneWhereFIPSIsEnforced(t *testing.T) {
	k := newPKI(t)
	simulated(t, k.config(relayA()), k.config(unit()), func(t *testing.T, n *network, p pair) {
		d, a := p.connect(t)
		if want := !fips140.Enforced(); d.Has(lane.Capability) != want || a.Has(lane.Capability) != want {
			t.Errorf("lane: %v and %v, want %v", d.Has(lane.Capability), a.Has(lane.Capability), want)
		}
	})
}

// takeReports is a relay's reader of voice, and so of reports.
func takeReports(c *link.Conn) {
	go func() { // ends with the link
		for {
			if _, err := c.ReceiveVoice(context.Background()); err != nil {
				return
			}
		}
	}()
}

func withLane(t *testing.T, test func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy)) {
	t.Helper()
	needsLane(t)
	k := newPKI(t)
	simulated(t, k.config(relayA()), k.config(unit()), func(t *testing.T, n *network, p pair) {
		s := spyOn(n)
		d, a := p.connect(t)
		go drain(d) // ends with the link
		go drain(a) // ends with the link
		takeReports(a)
		test(t, n, p, d, a, listenTo(d), s)
	})
}

// TestVoiceTakesTheLane: after a round trip on QUIC voice goes by the lane, none
// is lost or doubled on the way there, and a pause changes nothing.
func TestVoiceTakesTheLane(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 500)
		time.Sleep(time.Second)
		wantAll(t, h, 0, 500)
		st := a.Stats()
		if !st.Lane.Open || st.Lane.Sent < 490 || st.VoiceSent != 500 || st.Lane.Probes > 2 || st.Lane.Fallbacks > 0 {
			t.Errorf("at the relay: %+v", st)
		}
		if got := len(s.packets()); uint64(got) != st.Lane.Sent || d.Stats().Lane.Received != st.Lane.Sent {
			t.Errorf("%d packets on the wire, %d received", got, d.Stats().Lane.Received)
		}
		time.Sleep(10 * time.Second)
		relayTalk(p.l, a, 500, 100)
		time.Sleep(time.Second)
		wantAll(t, h, 500, 100)
		if st := a.Stats(); !st.Lane.Open || st.Lane.Fallbacks > 0 {
			t.Errorf("after a pause: %+v", st.Lane)
		}
	})
}

// TestTheLaneIsAskedForByBothSides: without the capability on both sides, between
// relays, and from an endpoint to its relay, all voice is QUIC's.
func TestTheLaneIsAskedForByBothSides(t *testing.T) {
	k := newPKI(t)
	for why, change := range map[string]func(server, client *link.Config){
		"the relay has none":    func(server, _ *link.Config) { server.Capabilities = []string{} },
		"the endpoint has none": func(_, client *link.Config) { client.Capabilities = []string{} },
		"between relays":        func(_, client *link.Config) { *client = k.config(relayB()) },
	} {
		server, client := k.config(relayA()), k.config(unit())
		change(&server, &client)
		t.Run(why, func(t *testing.T) {
			simulated(t, server, client, func(t *testing.T, n *network, p pair) {
				s := spyOn(n)
				d, a := p.connect(t)
				h := listenTo(d)
				relayTalk(p.l, a, 0, 100)
				time.Sleep(time.Second)
				wantAll(t, h, 0, 100)
				if got := s.packets(); len(got) > 0 {
					t.Errorf("%d packets of a lane", len(got))
				}
			})
		})
	}
}

// TestAPathThatCarriesQUICOnly: where a box on the way lets nothing but QUIC
// pass, no frame is ever lost for the lane's sake.
func TestAPathThatCarriesQUICOnly(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		s.set(func(s *laneSpy) { s.block = true })
		relayTalk(p.l, a, 0, 1500)
		time.Sleep(time.Second)
		wantAll(t, h, 0, 1500)
		if probes := len(s.packets()); probes < 5 || probes > 15 {
			t.Errorf("%d probes in thirty seconds", probes)
		}
	})
}

// TestTheLaneFallsBack: a lane that stops to carry is left when the endpoint says that
// nothing comes, while somebody talks, and taken again when it carries.
func TestTheLaneFallsBack(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 100)
		s.set(func(s *laneSpy) { s.block = true })
		relayTalk(p.l, a, 100, 200)
		time.Sleep(time.Second)
		lost, twice := h.missing(0, 300)
		if lost == 0 || lost > 20 || twice > 0 {
			t.Errorf("%d frames lost, %d twice: want at most 400 ms", lost, twice)
		}
		if lost, _ := h.missing(150, 150); lost > 0 {
			t.Errorf("%d lost when QUIC had the voice", lost)
		}
		if st := a.Stats().Lane; st.Open || st.Fallbacks != 1 {
			t.Errorf("blocked: %+v", st)
		}
		s.set(func(s *laneSpy) { s.block = false })
		relayTalk(p.l, a, 300, 500)
		time.Sleep(time.Second)
		wantAll(t, h, 300, 500)
		if st := a.Stats().Lane; !st.Open {
			t.Errorf("free again: %+v", st)
		}
	})
}

// TestTheLaneIsLostInAPause: when nobody talked while the path changed, the next
// burst loses nothing.
func TestTheLaneIsLostInAPause(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 100)
		time.Sleep(3 * time.Second)
		s.set(func(s *laneSpy) { s.block = true })
		relayTalk(p.l, a, 100, 100)
		time.Sleep(time.Second)
		wantAll(t, h, 0, 200)
	})
}

// TestBurstsKeepTheLane: whatever the pauses between them, a lane that carries is kept.
func TestBurstsKeepTheLane(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		at := 0
		for _, frames := range []int{1, 10, 75} {
			for pause := 40 * time.Millisecond; pause < time.Second; pause += 15 * time.Millisecond {
				relayTalk(p.l, a, at, frames)
				time.Sleep(pause)
				at += frames
			}
		}
		time.Sleep(time.Second)
		wantAll(t, h, 0, at)
		if st := a.Stats().Lane; !st.Open || st.Fallbacks > 0 || st.Untrue > 0 || st.Probes > 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestShortBurstsKeepTheLane: pauses in which nothing can be reported are not
// taken for silence.
func TestShortBurstsKeepTheLane(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		for i := range 20 {
			relayTalk(p.l, a, 10*i, 10)
			time.Sleep(1300 * time.Millisecond)
		}
		wantAll(t, h, 0, 200)
		if st := a.Stats().Lane; !st.Open || st.Fallbacks > 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestShortBurstsLeaveADeadLane: bursts too short to be missed one by one are
// missed together.
func TestShortBurstsLeaveADeadLane(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 100)
		if !a.Stats().Lane.Open {
			t.Fatal("no lane")
		}
		time.Sleep(500 * time.Millisecond)
		s.set(func(s *laneSpy) { s.block = true })
		const bursts, frames = 10, 30
		for i := range bursts {
			relayTalk(p.l, a, 100+frames*i, frames)
			time.Sleep(500 * time.Millisecond)
		}
		if lost, _ := h.missing(100, bursts*frames); lost == 0 || lost > 50 {
			t.Errorf("%d of %d frames lost: want at most a second of voice", lost, bursts*frames)
		}
		if st := a.Stats().Lane; st.Open || st.Fallbacks != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestTheLaneFollowsAMove: the lane goes only where QUIC has found the endpoint
// to be, under another id and key on each path.
func TestTheLaneFollowsAMove(t *testing.T) {
	needsLane(t)
	k := newPKI(t)
	client := k.config(unit())
	simulated(t, k.config(relayA()), client, func(t *testing.T, n *network, p pair) {
		s := spyOn(n)
		d, a := p.connect(t)
		go drain(d) // ends with the link
		takeReports(a)
		h := listenTo(d)
		ids := map[lane.ID]string{}
		for move := range 4 {
			if move > 0 {
				if err := d.Migrate(t.Context(), n.anotherSocket(t, client)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * oneWay)
			}
			relayTalk(p.l, a, 100*move, 100)
			time.Sleep(time.Second)
			wantAll(t, h, 100*move, 100)
			packets := s.packets()
			if len(packets) < 90 {
				t.Errorf("move %d: %d packets by the lane", move, len(packets))
			}
			for _, x := range packets {
				id, _ := lane.Identify(x.Data)
				if x.To.String() != a.RemoteAddr().String() {
					t.Fatalf("move %d: a packet to %v, QUIC's path is to %v", move, x.To, a.RemoteAddr())
				}
				if was := ids[id]; was != "" && was != x.To.String() {
					t.Fatalf("move %d: one id at %v and %v", move, was, x.To)
				}
				ids[id] = x.To.String()
			}
		}
		if len(ids) != 4 {
			t.Errorf("%d ids on four paths", len(ids))
		}
		go relayTalk(p.l, a, 400, 300) // ends by itself
		time.Sleep(2 * time.Second)
		if err := d.Migrate(t.Context(), n.anotherSocket(t, client)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*oneWay + 100*time.Millisecond)
		s.packets()
		time.Sleep(time.Second)
		packets := s.packets()
		for _, x := range packets {
			if x.To.String() != a.RemoteAddr().String() {
				t.Fatalf("moved in a burst: a packet to %v, QUIC's path is to %v", x.To, a.RemoteAddr())
			}
		}
		if time.Sleep(5 * time.Second); len(packets) == 0 {
			t.Error("moved in a burst: no packets by the lane")
		}
		wantAll(t, h, 400, 300)
	})
}

// TestNobodyElseSpeaksOnTheLane: packets that are forged, changed, repeated, cut
// or of another link are not heard and disturb nobody.
func TestNobodyElseSpeaksOnTheLane(t *testing.T) {
	needsLane(t)
	k := newPKI(t)
	simulated(t, k.config(relayA()), k.config(unit()), func(t *testing.T, n *network, p pair) {
		s := spyOn(n)
		d, a := p.connect(t)
		other, otherAtRelay := p.connect(t)
		for _, c := range []*link.Conn{a, otherAtRelay} {
			takeReports(c)
		}
		h, elsewhere := listenTo(d), listenTo(other)
		relayTalk(p.l, otherAtRelay, 0, 20)
		foreign := s.packets()
		relayTalk(p.l, a, 0, 20)
		genuine := s.packets()
		if len(foreign) == 0 || len(genuine) == 0 {
			t.Fatal("no packets of a lane")
		}
		attacker, unplug := n.later(&net.UDPAddr{IP: net.IPv4(10, 0, 2, 1), Port: 4433})
		defer unplug()
		defer attacker.Close()
		at := a.RemoteAddr()
		send := func(b []byte) {
			if _, err := attacker.WriteTo(b, at); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		before := d.Stats().Lane
		model := genuine[len(genuine)-1].Data
		for range 3 {
			send(model) // again
		}
		id, _ := lane.Identify(model)
		flipped := append([]byte(nil), model...)
		flipped[len(flipped)-1] ^= 1
		send(flipped)
		ahead := append([]byte(nil), model...)
		binary.BigEndian.PutUint32(ahead[5:], lane.MaxSequence) // would end the lane if the window moved
		send(ahead)
		stolen := append([]byte(nil), foreign[len(foreign)-1].Data...)
		copy(stolen[1:5], id[:])
		send(stolen)
		for cut := range len(model) {
			send(model[:cut])
		}
		for range 1000 {
			send(append([]byte{lane.Kind}, make([]byte, 60)...))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		after := d.Stats().Lane
		// What bears a sequence number that was taken is not even opened.
		if after.Received != before.Received || after.Replayed < before.Replayed+3 || after.Forged == before.Forged {
			t.Errorf("before %+v, after %+v", before, after)
		}
		relayTalk(p.l, a, 20, 100)
		time.Sleep(time.Second)
		wantAll(t, h, 0, 120)
		wantAll(t, elsewhere, 0, 20)
		if st := a.Stats().Lane; !st.Open || st.Fallbacks > 0 {
			t.Errorf("the lane afterwards: %+v", st)
		}
	})
}

// TestAThiefOfThePathGetsNoVoice: QUIC packets that somebody repeats from his own
// address do not bring the lane there (RFC 9000 9.3.2).
func TestAThiefOfThePathGetsNoVoice(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 50)
		s.packets()
		victim, thief := a.RemoteAddr().String(), &net.UDPAddr{IP: net.IPv4(10, 0, 0, 77), Port: 7}
		stole := 0
		f := func(x simnet.Packet) simnet.Packet {
			if x.From.String() == victim && stole < 20 {
				stole++
				stolen := x
				stolen.From, stolen.Data = thief, append([]byte(nil), x.Data...)
				n.wire.PerfectRouter.SendPacket(stolen) // it comes first
			}
			return s.pass(x)
		}
		n.wire.rewrite.Store(&f)
		relayTalk(p.l, a, 50, 200)
		time.Sleep(time.Second)
		wantAll(t, h, 50, 200)
		for _, x := range s.packets() {
			if x.To.String() == thief.String() {
				t.Fatal("the lane went to the thief")
			}
		}
		if stole == 0 {
			t.Error("nothing was stolen: the test looks at nothing")
		}
	})
}

// TestReportsThatCannotBeTrue change nothing.
func TestReportsThatCannotBeTrue(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 50)
		time.Sleep(time.Second)
		sent := a.Stats().Lane.Sent
		for i, r := range []lane.Report{
			{Generation: 0, Highest: uint32(sent), Received: uint32(sent)},         // not sent yet
			{Generation: 1, Highest: 1, Received: 1},                               // no such path
			{Generation: 0, Highest: 3, Received: 2},                               // backwards
			{Generation: 0, Highest: uint32(sent) - 1, Received: uint32(sent) + 1}, // more than there were
		} {
			if err := link.SendDatagram(d, r.Append(nil)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * oneWay)
			if st := a.Stats().Lane; st.Untrue != uint64(i+1) {
				t.Errorf("%+v: %+v", r, st)
			}
		}
		relayTalk(p.l, a, 50, 50)
		time.Sleep(time.Second)
		wantAll(t, h, 50, 50)
	})
}

// TestTheBreakerLeavesTheLane: where ten talkers on a thin path lose a third for
// a second and a half, QUIC's congestion control takes over, for half a minute at
// least.
func TestTheBreakerLeavesTheLane(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		talkers := func(seconds int) {
			for range seconds * 50 {
				for range 10 {
					v := p.l.Volley(time.Now())
					v.Send(a, 1, numbered(0))
					v.Fire()
				}
				time.Sleep(proto.VoiceFrame)
			}
		}
		talkers(1)
		if !a.Stats().Lane.Open {
			t.Fatal("no lane")
		}
		s.set(func(s *laneSpy) { s.loss = 330 })
		talkers(4)
		st := a.Stats().Lane
		if st.Open || st.Broken != 1 || st.Fallbacks > 0 {
			t.Errorf("after four seconds of loss: %+v", st)
		}
		s.set(func(s *laneSpy) { s.loss = 0 })
		s.packets()
		talkers(20)
		if got := len(s.packets()); got > 0 {
			t.Errorf("%d packets while the circuit is broken", got)
		}
		talkers(20)
		if st := a.Stats().Lane; !st.Open || st.Broken != 1 {
			t.Errorf("half a minute later: %+v", st)
		}
		s.set(func(s *laneSpy) { s.loss = 330 })
		for range 8 { // nor do pauses keep the circuit whole
			talkers(1)
			time.Sleep(500 * time.Millisecond)
		}
		if st := a.Stats().Lane; st.Open || st.Broken != 2 {
			t.Errorf("after eight seconds with pauses: %+v", st)
		}
	})
}

// TestTheLaneEndsWithTheLink: no packet goes after the link has ended, and none
// of it is taken on the next.
func TestTheLaneEndsWithTheLink(t *testing.T) {
	withLane(t, func(t *testing.T, n *network, p pair, d, a *link.Conn, h *listener, s *laneSpy) {
		relayTalk(p.l, a, 0, 50)
		old := s.packets()
		a.Close(nil)
		<-d.Done()
		<-a.Done()
		relayTalk(p.l, a, 50, 10)
		if got := s.packets(); len(got) > 0 {
			t.Errorf("%d packets after the end", len(got))
		}
		next, _ := p.connect(t)
		attacker, unplug := n.later(&net.UDPAddr{IP: net.IPv4(10, 0, 2, 1), Port: 4433})
		defer unplug()
		defer attacker.Close()
		for _, x := range old {
			attacker.WriteTo(x.Data, x.To)
		}
		time.Sleep(time.Second)
		if st := next.Stats().Lane; st.Received > 0 || st.Forged > 0 {
			t.Errorf("the next link: %+v", st)
		}
	})
}
