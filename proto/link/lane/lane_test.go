package lane_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"crossband/proto"
	"crossband/proto/link/lane"
)

func keys(t testing.TB, first byte, g lane.Generation) *lane.Keys {
	t.Helper()
	k, err := lane.Derive(bytes.Repeat([]byte{first}, lane.SecretSize), g)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(k *lane.Keys, sequence uint32, voice string) []byte {
	packet := append(make([]byte, lane.HeaderSize, lane.MaxPacket), voice...)
	return k.Seal(packet, sequence, new(lane.Nonce))
}

func TestWhatIsSealedIsOpenedOnce(t *testing.T) {
	k := keys(t, 1, 0)
	o := lane.NewOpener(k)
	packet := seal(k, 7, "voice")
	if id, ok := lane.Identify(packet); !ok || id != o.ID() {
		t.Fatalf("packet of %v, want %v", id, o.ID())
	}
	if len(packet) != lane.HeaderSize+len("voice")+lane.TagSize || bytes.Contains(packet, []byte("voice")) {
		t.Errorf("packet %x", packet)
	}
	again := bytes.Clone(packet)
	if voice, err := o.Open(packet); err != nil || string(voice) != "voice" {
		t.Fatalf("opened %q, %v", voice, err)
	}
	if _, err := o.Open(again); !errors.Is(err, lane.ErrReplayed) {
		t.Errorf("the same again: %v", err)
	}
	if probe, err := o.Open(seal(k, 8, "")); err != nil || len(probe) != 0 {
		t.Errorf("a probe: %q, %v", probe, err)
	}
	if r := o.Report(); r != (lane.Report{Highest: 8, Received: 2}) {
		t.Errorf("report %+v", r)
	}
}

// TestEveryOctetIsSealed flips each bit of a packet: none of them opens, and the
// genuine one still does.
func TestEveryOctetIsSealed(t *testing.T) {
	k := keys(t, 1, 3)
	o := lane.NewOpener(k)
	genuine := seal(k, 1000, "twenty milliseconds")
	for bit := range len(genuine) * 8 {
		packet := bytes.Clone(genuine)
		packet[bit/8] ^= 1 << (bit % 8)
		if id, ok := lane.Identify(packet); !ok || id != o.ID() {
			continue
		}
		if voice, err := o.Open(packet); err == nil {
			t.Fatalf("bit %d flipped: %q", bit, voice)
		}
	}
	if o.Report().Received != 0 {
		t.Errorf("report %+v", o.Report())
	}
	if _, err := o.Open(genuine); err != nil {
		t.Errorf("the genuine packet afterwards: %v", err)
	}
}

func TestOtherLanesPacketsDoNotOpen(t *testing.T) {
	k := keys(t, 1, 0)
	o := lane.NewOpener(k)
	for why, other := range map[string]*lane.Keys{"another link": keys(t, 2, 0), "another path": keys(t, 1, 1)} {
		packet := seal(other, 0, "voice")
		if id, _ := lane.Identify(packet); id == o.ID() {
			t.Errorf("%s: the same id", why)
		}
		copy(packet[1:5], seal(k, 0, "")[1:5]) // under our id
		if _, err := o.Open(packet); !errors.Is(err, lane.ErrForged) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestIdentifyBounds(t *testing.T) {
	packet := seal(keys(t, 1, 0), 0, string(make([]byte, proto.MaxDatagram)))
	if len(packet) != lane.MaxPacket {
		t.Fatalf("%d octets", len(packet))
	}
	for n := range len(packet) + 1 {
		_, ok := lane.Identify(packet[:n])
		if want := n >= lane.HeaderSize+lane.TagSize; ok != want {
			t.Errorf("%d octets: %v", n, ok)
		}
	}
	if _, ok := lane.Identify(append(packet, 0)); ok {
		t.Error("a packet that is too long")
	}
	packet[0] |= 0x40 // a QUIC packet
	if _, ok := lane.Identify(packet); ok {
		t.Error("a QUIC packet")
	}
}

// TestWindow compares the replay window with a plain list of what was taken.
func TestWindow(t *testing.T) {
	k := keys(t, 1, 0)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		o, taken, highest := lane.NewOpener(k), map[uint32]bool{}, uint32(0)
		for range 3000 {
			var s uint32
			switch at := r.IntN(100); {
			case at < 70:
				s = highest + uint32(r.IntN(4))
			case at < 99:
				s = highest - min(highest, uint32(r.IntN(400)))
			default:
				s = highest + uint32(r.IntN(600))
			}
			want := !taken[s] && (len(taken) == 0 || s > highest || highest-s < 256)
			if _, err := o.Open(seal(k, s, "")); (err == nil) != want {
				t.Fatalf("seed %d: %d after %d: %v, want taken %v", seed, s, highest, err, want)
			}
			if want {
				taken[s], highest = true, max(highest, s)
			}
		}
		if got := o.Report(); got.Highest != highest || int(got.Received) != len(taken) {
			t.Errorf("seed %d: %+v, want %d, %d", seed, got, highest, len(taken))
		}
	}
}

func TestTheLastSequenceNumberOpens(t *testing.T) {
	k := keys(t, 1, 0)
	o := lane.NewOpener(k)
	for _, s := range []uint32{lane.MaxSequence - 300, lane.MaxSequence - 1, lane.MaxSequence} {
		if _, err := o.Open(seal(k, s, "")); err != nil {
			t.Errorf("%d: %v", s, err)
		}
	}
	if _, err := o.Open(seal(k, 0, "")); !errors.Is(err, lane.ErrReplayed) {
		t.Errorf("0 after the last: %v", err)
	}
}

func TestReport(t *testing.T) {
	r := lane.Report{Generation: 2, Highest: 99, Received: 90}
	for _, flags := range []lane.Report{{}, {Quiet: true}, {Leave: true}, {Quiet: true, Leave: true}} {
		with := r
		with.Quiet, with.Leave = flags.Quiet, flags.Leave
		if got, err := lane.ParseReport(with.Append(nil)); err != nil || got != with {
			t.Errorf("%+v, %v", got, err)
		}
	}
	b := r.Append(nil)
	if odd := append(bytes.Clone(b[:14]), append([]byte{4}, b[15:]...)...); len(odd) == len(b) {
		if _, err := lane.ParseReport(odd); err == nil {
			t.Error("a flag that is none")
		}
	}
	for n := range len(b) {
		if _, err := lane.ParseReport(b[:n]); err == nil {
			t.Errorf("%d octets were a report", n)
		}
	}
	if _, err := lane.ParseReport(append(b, 0)); err == nil {
		t.Error("a longer one")
	}
	for why, bad := range map[string]lane.Report{
		"nothing received":       {Highest: 3},
		"more than there can be": {Highest: 3, Received: 5},
	} {
		if _, err := lane.ParseReport(bad.Append(nil)); err == nil {
			t.Error(why)
		}
	}
	if sounding := make([]byte, 32); lane.IsReport(sounding) {
		t.Error("a sounding was a report")
	}
	for why, c := range map[string]struct {
		next lane.Report
		want bool
	}{
		"more":               {lane.Report{Generation: 2, Highest: 120, Received: 100}, true},
		"the same":           {r, true},
		"fewer":              {lane.Report{Generation: 2, Highest: 120, Received: 80}, false},
		"back":               {lane.Report{Generation: 2, Highest: 98, Received: 90}, false},
		"another generation": {lane.Report{Generation: 3, Highest: 120, Received: 100}, false},
	} {
		if c.next.Follows(r) != c.want {
			t.Errorf("%s: %v", why, !c.want)
		}
	}
}

func TestBreaker(t *testing.T) {
	interval := func(streams, lostPerCent uint32, rtt time.Duration) lane.Interval {
		n := streams * 25
		return lane.Interval{Packets: n, Lost: n * lostPerCent / 100, Octets: uint64(n) * 140, Length: 500 * time.Millisecond, RTT: rtt}
	}
	for _, c := range []struct {
		why    string
		i      lane.Interval
		breaks bool
	}{
		{"no loss", interval(20, 0, time.Second), false},
		{"one talker, a bad radio path", interval(1, 20, 100*time.Millisecond), false},
		{"one talker, half lost, a long queue", interval(1, 50, 800*time.Millisecond), true},
		{"two talkers, a third lost, a long queue", interval(2, 33, 800*time.Millisecond), true},
		{"ten talkers, a tenth lost", interval(10, 10, 300*time.Millisecond), true},
		{"ten talkers, a thousandth lost", lane.Interval{Packets: 1000, Lost: 1, Octets: 140_000, Length: 2 * time.Second, RTT: 300 * time.Millisecond}, false},
		{"loopback", interval(10, 10, 0), false},
		{"loopback, one talker, a third lost", interval(1, 33, 0), false},
		{"loopback, one talker, half lost", interval(1, 50, 0), true},
	} {
		var b lane.Breaker
		for n := 1; n <= 4; n++ {
			if got := b.Judge(c.i); got != (c.breaks && n >= 3) {
				t.Errorf("%s, interval %d: %v", c.why, n, got)
			}
		}
		if b.Judge(interval(1, 0, 0)) || b.Judge(c.i) || b.Judge(c.i) {
			t.Errorf("%s: a good interval did not close it", c.why)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	k, err := lane.Derive(make([]byte, lane.SecretSize), 0)
	if err != nil {
		b.Fatal(err)
	}
	room := make([]byte, lane.HeaderSize+120, lane.MaxPacket)
	var n lane.Nonce
	var s uint32
	b.ReportAllocs()
	for b.Loop() {
		s++
		k.Seal(room, s, &n)
	}
}

func FuzzOpen(f *testing.F) {
	k := keys(f, 1, 0)
	f.Add(seal(k, 1, "voice"))
	f.Add(seal(k, 1, ""))
	f.Add(lane.Report{Highest: 1, Received: 1}.Append(nil))
	f.Add(lane.Report{Highest: 1, Received: 1, Quiet: true, Leave: true}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := lane.ParseReport(b); err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Errorf("%x is %+v", b, r)
		}
		if _, ok := lane.Identify(b); !ok {
			return
		}
		o := lane.NewOpener(k)
		sequence := binary.BigEndian.Uint32(b[5:])
		voice, err := o.Open(bytes.Clone(b))
		if err == nil && !bytes.Equal(seal(k, sequence, string(voice)), b) {
			t.Errorf("%x opened and is not what is sealed", b)
		}
	})
}
