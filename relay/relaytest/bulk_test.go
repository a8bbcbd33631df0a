package relaytest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// besides is how live voice fares while something else goes on.
type besides struct {
	later   []time.Duration // than beside the talker, of each frame heard in both places once that is over; rising
	opening time.Duration   // the most of all, those too that are heard while links are made
	lost    int             // frames that were only heard beside the talker
	texts   int             // of the history that came
	needed  time.Duration   // until all of it was there, from the link's coming back
}

func (b besides) at(share float64) time.Duration {
	return b.later[min(len(b.later)-1, int(share*float64(len(b.later))))]
}

// history is what a device missed: a megabyte and a half.
const (
	historyTexts = 200
	historyText  = 7 << 10
)

// opened is the frame from which on a device has settled: its live link takes up two
// handshakes' worth of a thin path, its bulk link as much, and what is played follows the
// delay down slowly.
const opened = 400

// where the thin path is.
type where int

const (
	atTheDevice where = iota // between a device and its relay
	atTheBorder              // between the relays: the device's is a follower of both channels
)

// whileHistoryComes has a device come back from a dead zone while somebody talks, on a
// thin path, and measures the talk. missed says whether it has missed texts on another
// channel; offers is what its relay says that it can do.
func whileHistoryComes(t *testing.T, thin where, path relaytest.Path, offers []string, missed bool) (b besides) {
	t.Helper()
	var talking, texting proto.ChannelID
	ok := t.Run("", func(t *testing.T) {
		measure(t, thin, path, offers, missed, &talking, &texting, &b)
	})
	if !ok || len(b.later) == 0 {
		t.FailNow()
	}
	return b
}

func measure(t *testing.T, thin where, path relaytest.Path, offers []string, missed bool, talking, texting *proto.ChannelID, got *besides) {
	inBubble(t, 1, func(w *border) {
		directly(w)
		w.mx.Offers.Capabilities = offers
		both := []*wire.Charter_Party{relaytest.Party(w.us), relaytest.Party(w.mx)}
		*talking = w.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Talk", Parties: both})
		*texting = w.us.Charter(&wire.Charter{Kind: wire.Charter_KIND_STANDING, Title: "Texts", Parties: both})
	}, func(t *testing.T, w *border) {
		agent, local, guard := w.us.Endpoint("unit/del-rio-214"), w.us.Endpoint("unit/del-rio-215"), w.mx.Endpoint("unit/gn-7")
		talk, texts := agent.MustJoin(*talking), agent.MustJoin(*texting)
		local.MustJoin(*talking)
		guard.MustJoin(*talking)
		guard.MustJoin(*texting)
		time.Sleep(time.Second)
		switch thin {
		case atTheDevice:
			w.Net.Between(guard.Addr, w.mx.Addr, path)
		case atTheBorder:
			w.slow(path)
		}
		mark := guard.Watch.Mark()
		w.Net.Cut(guard.Addr, w.mx.Addr)
		relaytest.WaitAfter(t, guard.Watch, mark, "the link is lost", func(client.Disconnected) bool { return true })
		if missed {
			for range historyTexts {
				if _, err := texts.Text(minute(t), strings.Repeat("x", historyText)); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(90 * time.Second) // the live feed of all that has crossed the border
		mark = guard.Watch.Mark()
		w.Net.Mend(guard.Addr, w.mx.Addr)
		_, back := relaytest.WaitAfter(t, guard.Watch, mark, "the link is back", func(client.Connected) bool { return true })
		time.Sleep(500 * time.Millisecond)
		p := push(t, talk, endless, client.TalkOptions{}).held()
		time.Sleep(30 * time.Second)
		r := p.release()
		time.Sleep(2 * time.Minute)
		at := make(map[uint32]time.Time)
		for _, x := range guard.Ear.Played(r.Burst) {
			if !x.Conceal {
				at[x.Index] = x.At
			}
		}
		for _, x := range local.Ear.Played(r.Burst) {
			if x.Conceal {
				continue
			}
			if there, both := at[x.Index]; both {
				got.opening = max(got.opening, there.Sub(x.At))
				if x.Index >= opened {
					got.later = append(got.later, there.Sub(x.At))
				}
			} else {
				got.lost++
			}
		}
		slices.Sort(got.later)
		for _, e := range guard.Watch.After(mark) {
			if m, is := e.(client.TextReceived); is && m.Channel == *texting {
				got.texts++
			}
		}
		if missed {
			_, last := relaytest.WaitAfter(t, guard.Watch, mark, "the last text", func(m client.TextReceived) bool { got.texts--; return got.texts == 0 })
			got.needed = last.Sub(back)
			got.texts = historyTexts
		}
		t.Logf("where %d, offers %v, history %t: %d frames heard, %d lost; later by %v at the median, %v at 95 %%, %v at most, %v at the beginning; history took %v",
			thin, offers, missed, len(got.later), got.lost, got.at(0.5), got.at(0.95), got.at(1), got.opening, got.needed)
	})
}

// TestHistoryDoesNotDelayLiveVoice: on a path of 256 kbit/s, with loss, what is live is
// heard as it is without history, in the same run of the world. Over the live link it is
// not: that is what the test would find.
func TestHistoryDoesNotDelayLiveVoice(t *testing.T) {
	long(t)
	t.Run("device", func(t *testing.T) { compareHistory(t, atTheDevice) })
	t.Run("border", func(t *testing.T) { compareHistory(t, atTheBorder) })
}

func compareHistory(t *testing.T, thin where) {
	path := relaytest.Path{Delay: 50 * time.Millisecond, Rate: 32_000, Loss: 0.01}
	alone := whileHistoryComes(t, thin, path, nil, false)
	bulk := whileHistoryComes(t, thin, path, nil, true)
	shared := whileHistoryComes(t, thin, path, []string{}, true)
	const margin = 60 * time.Millisecond // three steps of the jitter buffer; over the live link it is some 400 ms
	if bulk.at(0.5) > alone.at(0.5)+margin || bulk.at(0.95) > alone.at(0.95)+margin {
		t.Errorf("beside history over a bulk link voice comes %v later at the median and %v at 95 %%, alone %v and %v",
			bulk.at(0.5), bulk.at(0.95), alone.at(0.5), alone.at(0.95))
	}
	if thin == atTheDevice && bulk.opening > alone.opening+margin {
		t.Errorf("while the links are made voice comes up to %v later, alone %v", bulk.opening, alone.opening)
	}
	if most := alone.lost + len(alone.later)/100; bulk.lost > most {
		t.Errorf("%d frames lost beside history, %d alone", bulk.lost, alone.lost)
	}
	if shared.at(0.95) <= alone.at(0.95)+margin && shared.lost <= alone.lost+len(alone.later)/100 {
		t.Errorf("over the live link history does no harm (%v at 95 %%, %d lost): this is no test", shared.at(0.95), shared.lost)
	}
}
