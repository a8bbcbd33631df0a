package relay

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// model is what a keeper should hold, kept in the simplest way.
type keptModel []struct {
	channel proto.ChannelID
	at      time.Time
	frame   []byte
}

func channelNumber(i int) (id proto.ChannelID) { id[0] = byte(i + 1); return id }

// drain asks page by page for all that is kept of a channel.
func drain(t *testing.T, k *keeper, ch proto.ChannelID, within time.Duration, most int, now time.Time) (all [][]byte) {
	t.Helper()
	for after, pages := uint64(0), 0; ; pages++ {
		p := k.page(hub.ReadVoice{Channel: ch, Within: within, After: after, Most: most}, now)
		size := 0
		for _, f := range p.Frames {
			size += len(f)
		}
		if size > most && len(p.Frames) > 1 {
			t.Fatalf("a page of %d octets in %d frames, at most %d were asked for", size, len(p.Frames), most)
		}
		all, after = append(all, p.Frames...), p.Next
		if !p.More {
			if len(all) > 0 && p.Next != p.Newest {
				t.Fatalf("the last page ends at %d, the newest is %d", p.Next, p.Newest)
			}
			return all
		}
		if pages > 10_000 {
			t.Fatal("the pages have no end")
		}
	}
}

// TestKeeperAgainstAModel: whatever comes, the newest frames within the time and the
// room of each channel, and of all, are there, in their order.
func TestKeeperAgainstAModel(t *testing.T) {
	limits := keeperLimits{channel: 20 * (10 + keptOverhead), all: 50 * (10 + keptOverhead), life: time.Minute}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		k, now := newKeeper(limits), time.Unix(1_800_000_000, 0)
		var model keptModel
		for i := range 3000 {
			now = now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
			ch := channelNumber(r.IntN(1 + r.IntN(8)))
			frame := fmt.Appendf(nil, "%-*d", 5+r.IntN(6), i)
			k.take(saidFrame{ch, frame}, now)
			model = append(model, struct {
				channel proto.ChannelID
				at      time.Time
				frame   []byte
			}{ch, now, frame})
			if r.IntN(4) == 0 {
				k.expire(now)
				model = model.within(now, limits.life)
			}
			model = model.bounded(limits)
			if i%50 == 0 {
				model.same(t, k, now, limits)
			}
			if n := k.arrived.len(); n > 2*k.frames+keptQueue {
				t.Fatalf("%d arrivals are listed of %d frames", n, k.frames)
			}
		}
		k.expire(now.Add(time.Hour))
		if k.octets != 0 || k.frames != 0 || len(k.shelves) != 0 || k.arrived.len() != 0 {
			t.Fatalf("after an hour: %d octets, %d frames, %d channels, %d arrivals", k.octets, k.frames, len(k.shelves), k.arrived.len())
		}
	}
}

func (m keptModel) within(now time.Time, life time.Duration) (out keptModel) {
	for _, f := range m {
		if now.Sub(f.at) < life {
			out = append(out, f)
		}
	}
	return out
}

func (m keptModel) octets(ch proto.ChannelID, all bool) (n int) {
	for _, f := range m {
		if all || f.channel == ch {
			n += len(f.frame) + keptOverhead
		}
	}
	return n
}

func (m keptModel) bounded(l keeperLimits) keptModel {
	newest := m[len(m)-1].channel
	for i := 0; m.octets(newest, false) > l.channel; {
		if m[i].channel != newest {
			i++
			continue
		}
		m = append(m[:i:i], m[i+1:]...)
	}
	for m.octets(newest, true) > l.all {
		m = m[1:]
	}
	return m
}

func (m keptModel) same(t *testing.T, k *keeper, now time.Time, l keeperLimits) {
	t.Helper()
	for i := range 8 {
		ch, within := channelNumber(i), 40*time.Second
		var want [][]byte
		for _, f := range m.within(now, within) {
			if f.channel == ch {
				want = append(want, f.frame)
			}
		}
		got := drain(t, k, ch, within, 25, now)
		if !bytes.Equal(bytes.Join(got, nil), bytes.Join(want, nil)) {
			t.Fatalf("channel %d: kept %q, want %q", i, got, want)
		}
	}
	if got := m.octets(proto.ChannelID{}, true); k.octets != got || int(k.tally.octets.Load()) != got {
		t.Fatalf("%d octets are counted, %d told, there are %d", k.octets, k.tally.octets.Load(), got)
	}
}

// TestKeeperListsNoMoreThanItHolds: a channel that talks on while another's one frame
// is the oldest of all.
func TestKeeperListsNoMoreThanItHolds(t *testing.T) {
	k, now := newKeeper(keeperLimits{channel: 20 * (10 + keptOverhead), all: 1 << 20, life: time.Hour}), time.Unix(1_800_000_000, 0)
	k.take(saidFrame{channelNumber(1), []byte("the oldest")}, now)
	for i := range 5 * keptQueue {
		k.take(saidFrame{channelNumber(0), fmt.Appendf(nil, "%10d", i)}, now)
		if n := k.arrived.len(); n > 2*k.frames+keptQueue {
			t.Fatalf("%d arrivals are listed of %d frames", n, k.frames)
		}
	}
	if got := drain(t, k, channelNumber(0), time.Hour, 1<<10, now); len(got) != 20 || string(got[19]) != fmt.Sprintf("%10d", 5*keptQueue-1) {
		t.Errorf("%d frames are kept", len(got))
	}
	if got := drain(t, k, channelNumber(1), time.Hour, 1<<10, now); len(got) != 1 {
		t.Errorf("%d frames are kept of the other channel", len(got))
	}
}

// TestKeeperNeverHoldsVoiceUp: nobody takes frames out, and whoever hands them over
// goes on; the oldest are lost, and counted.
func TestKeeperNeverHoldsVoiceUp(t *testing.T) {
	k := newKeeper(keeperLimits{channel: 1 << 20, all: 1 << 20, life: time.Minute})
	for i := range keptQueue + 10 {
		k.keep(channelNumber(0), []byte{byte(i), byte(i >> 8)})
	}
	if n := k.tally.missed.Load(); n != 10 {
		t.Errorf("%d frames are counted as lost, want 10", n)
	}
	if first := <-k.in; first.frame[0] != 10 {
		t.Errorf("the first frame left is %d: want the oldest to have gone", first.frame[0])
	}
}

// TestKeepingAllocatesNothing: the frame that came is handed over as it is.
func TestKeepingAllocatesNothing(t *testing.T) {
	k := newKeeper(keeperLimits{channel: 1 << 20, all: 1 << 20, life: time.Minute})
	frame, ch := make([]byte, 100), channelNumber(0)
	if n := testing.AllocsPerRun(2000, func() { k.keep(ch, frame) }); n != 0 {
		t.Errorf("%v allocations for a frame on the way of voice", n)
	}
}

func BenchmarkKeep(b *testing.B) {
	k := newKeeper(keeperLimits{channel: keptOfChannel, all: keptOfAll, life: proto.VoiceKept})
	ends := make(chan struct{})
	go func() { // ends with the benchmark
		for {
			select {
			case s := <-k.in:
				k.take(s, time.Now())
			case <-ends:
				return
			}
		}
	}()
	frame, ch := make([]byte, 100), channelNumber(0)
	for b.Loop() {
		k.keep(ch, frame)
	}
	close(ends)
}
