package relaytest_test

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// coder stands in for an Opus encoder of constant rate, which a plain build has not: it
// says packets of the sizes that one would make, until released.
type coder struct {
	bits  atomic.Int64
	least atomic.Int64
	over  atomic.Bool
}

func newCoder() *coder {
	c := &coder{}
	c.bits.Store(voice.DefaultBitrate)
	c.least.Store(voice.DefaultBitrate)
	return c
}

func (c *coder) Codec() voice.Codec { return voice.CodecOpus }

func (c *coder) Limit(bits int) {
	c.bits.Store(int64(bits))
	c.least.Store(min(c.least.Load(), int64(bits)))
}

func (c *coder) Next() ([]byte, error) {
	if c.over.Load() {
		return nil, io.EOF
	}
	payload := bytes.Repeat([]byte{0}, int(c.bits.Load())/8/50)
	payload[0] = 9 << 3 // SILK, wideband, 20 ms, mono, one frame (RFC 6716 3.1)
	return payload, nil
}

// crowded is a channel of the US relay with the longest talk limit that all three may use.
type crowded struct {
	*border
	channel proto.ChannelID
}

func withCrowd(t *testing.T, link func(*border), fn func(*testing.T, *crowded)) {
	c := &crowded{}
	runWith(t, 1, func(b *border) {
		link(b)
		c.channel = b.us.Charter(&wire.Charter{
			Kind: wire.Charter_KIND_STANDING, Title: "Long talks", TalkLimitMs: 60_000,
			Parties: []*wire.Charter_Party{relaytest.Party(b.us), relaytest.Party(b.mx), relaytest.Party(b.ca)},
		})
	}, func(t *testing.T, b *border) {
		c.border = b
		fn(t, c)
	})
}

// listeners has n units of an agency in the channel.
func (c *crowded) listeners(a *relaytest.Agency, labels ...string) (list []*relaytest.Endpoint) {
	for _, l := range labels {
		e := a.Endpoint("unit/" + l)
		e.MustJoin(c.channel)
		list = append(list, e)
	}
	return list
}

// say talks until the function that it returns is called, which checks that the burst
// was not broken off.
func (c *crowded) say(t *testing.T, e *relaytest.Endpoint) (src *coder, over func()) {
	t.Helper()
	src = newCoder()
	ch, done, granted := e.MustJoin(c.channel), make(chan error, 1), make(chan struct{})
	go func() { // ends with the burst
		_, err := ch.Talk(context.Background(), src, client.TalkOptions{OnGrant: func(time.Duration) { close(granted) }})
		done <- err
	}()
	<-granted
	return src, func() {
		t.Helper()
		src.over.Store(true)
		if err := <-done; err != nil {
			t.Errorf("the burst ended with %v", err)
		}
	}
}

// lowered counts how often an endpoint was told to spend fewer bits, or more again.
func lowered(e *relaytest.Endpoint) int { return len(relaytest.Find[client.VoiceStrained](e.Watch)) }

// weak is a listener's link that loses a fifth of 64 kbit/s.
func weak() relaytest.Path {
	return relaytest.Path{Delay: 50 * time.Millisecond, Loss: 0.2, Rate: 64_000 / 8}
}

// TestATalkerTwoRelaysAwayIsToldOfAWeakLink: the listener is at the CA relay, the talker at
// the MX relay, the hub between them.
func TestATalkerTwoRelaysAwayIsToldOfAWeakLink(t *testing.T) {
	withCrowd(t, directly, func(t *testing.T, c *crowded) {
		c.listeners(c.us, "1", "2", "3") // who hear well, and have the channel made
		talker, listener := c.listeners(c.mx, "gn-7")[0], c.listeners(c.ca, "rcmp-3")[0]
		time.Sleep(time.Second)
		c.Net.Between(listener.Addr, c.ca.Addr, weak())
		mark := talker.Watch.Mark()
		src, over := c.say(t, talker)
		began := time.Now()
		_, at := relaytest.WaitAfter(t, talker.Watch, mark, "fewer bits", func(v client.VoiceStrained) bool { return v.Channel == c.channel && v.Lowered() })
		took := at.Sub(began)
		if took > 3*time.Second {
			t.Errorf("told %v after the first word", took)
		}
		t.Logf("told %v after the first word", took)
		relaytest.WaitAfter(t, talker.Watch, mark, "as few as can be", func(v client.VoiceStrained) bool { return v.Bits == voice.LeastBitrate })
		time.Sleep(time.Second)
		if got := src.bits.Load(); got != voice.LeastBitrate {
			t.Errorf("%d bit/s are said", got)
		}

		c.Net.Between(listener.Addr, c.ca.Addr, relaytest.Path{Delay: 5 * time.Millisecond})
		mark, began = talker.Watch.Mark(), time.Now()
		_, first := relaytest.WaitAfter(t, talker.Watch, mark, "more bits", func(v client.VoiceStrained) bool { return v.Bits > voice.LeastBitrate })
		if took := first.Sub(began); took < 5*time.Second {
			t.Errorf("the bit rate rises %v after the link was well", took)
		}
		relaytest.WaitAfter(t, talker.Watch, mark, "all bits again", func(v client.VoiceStrained) bool { return !v.Lowered() })
		over()
		if n := c.us.Node.Stats().StrainIgnored + c.mx.Node.Stats().StrainIgnored + talker.StrayStrain(); n != 0 {
			t.Errorf("%d words were ignored", n)
		}
	})
}

func TestWellLinksAndOneWeakAmongManyAreLeftAlone(t *testing.T) {
	withCrowd(t, directly, func(t *testing.T, c *crowded) {
		list := c.listeners(c.us, "talker", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
		talker, heard := list[0], list[1:]
		time.Sleep(2 * time.Second)
		c.Net.Between(heard[0].Addr, c.us.Addr, relaytest.Path{Delay: 50 * time.Millisecond, Loss: 0.2})
		_, over := c.say(t, talker)
		time.Sleep(20 * time.Second)
		if n := lowered(talker); n != 0 {
			t.Errorf("one of eleven listeners made the talker change its bit rate %d times", n)
		}
		if n := c.us.Node.Stats().StrainTold; n != 0 {
			t.Errorf("%d words were sent", n)
		}
		c.Net.Between(heard[1].Addr, c.us.Addr, relaytest.Path{Delay: 50 * time.Millisecond, Loss: 0.2})
		relaytest.Wait(t, talker.Watch, "two of eleven", func(v client.VoiceStrained) bool { return v.Lowered() })
		over()
	})
}

// TestAHostileRelayCanOnlyLowerTheBitRate: it stands for the MX relay, towards the hub at
// which the talker is.
func TestAHostileRelayCanOnlyLowerTheBitRate(t *testing.T) {
	var m *relaytest.Middle
	withCrowd(t, func(b *border) { m = b.Middle(b.mx, b.us) }, func(t *testing.T, c *crowded) {
		talker, listener := c.listeners(c.us, "talker")[0], c.listeners(c.mx, "listener")[0]
		time.Sleep(time.Second)
		var alias atomic.Uint32 // under which the hub sends the channel's voice to MX
		m.TamperVoice(func(toward proto.Agency, a proto.Alias, f []byte) [][]byte {
			if toward == c.mx.Name {
				alias.Store(uint32(a))
			}
			return [][]byte{f}
		})
		claim := func(alias, lost uint32) {
			m.Say(c.us, &wire.Frame{Body: &wire.Frame_VoiceStrain{VoiceStrain: &wire.VoiceStrain{Alias: alias, Lost: lost}}})
		}
		src, over := c.say(t, talker)
		time.Sleep(3 * time.Second)
		for _, stray := range [][2]uint32{{0, 500}, {alias.Load() + 1, 500}, {16_384, 500}, {1 << 31, 500}, {alias.Load() + 1<<16, 500}, {alias.Load(), 1001}, {alias.Load(), 1 << 31}} {
			claim(stray[0], stray[1])
		}
		time.Sleep(3 * time.Second)
		if n := c.us.Node.Stats().StrainIgnored; n != 7 {
			t.Errorf("%d of 7 words of nothing were ignored", n)
		}
		if n := lowered(talker); n != 0 {
			t.Errorf("such words changed the bit rate %d times", n)
		}

		told := c.us.Node.Stats().StrainTold
		for range 120 { // for 12 s, ten a second
			claim(alias.Load(), 1000)
			time.Sleep(100 * time.Millisecond)
		}
		if got := src.least.Load(); got != voice.LeastBitrate || src.bits.Load() != got {
			t.Errorf("down to %d bit/s, want %d", got, voice.LeastBitrate)
		}
		if n := c.us.Node.Stats().StrainTold - told; n > 13 {
			t.Errorf("the talker was told %d times in 12 s", n)
		}
		before := listener.VoiceStats().Received
		for range 50 {
			claim(alias.Load(), 0)
			time.Sleep(100 * time.Millisecond)
		}
		if n := listener.VoiceStats().Received - before; n < 240 {
			t.Errorf("%d frames arrived in 5 s", n)
		}
		relaytest.Wait(t, talker.Watch, "all bits again", func(v client.VoiceStrained) bool { return v.Bits == voice.DefaultBitrate })
		if got := src.bits.Load(); got > voice.DefaultBitrate {
			t.Errorf("raised to %d bit/s", got)
		}
		over()
	})
}

// TestATalkersOwnWeakLinkCounts: its listener's is well, and its relay has nothing to say.
func TestATalkersOwnWeakLinkCounts(t *testing.T) {
	withCrowd(t, directly, func(t *testing.T, c *crowded) {
		talker := c.listeners(c.us, "talker", "listener")[0]
		time.Sleep(time.Second)
		c.Net.Between(talker.Addr, c.us.Addr, relaytest.Path{Delay: 50 * time.Millisecond, Loss: 0.2})
		_, over := c.say(t, talker)
		began := time.Now()
		relaytest.Wait(t, talker.Watch, "fewer bits", func(v client.VoiceStrained) bool { return v.Lowered() })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("after %v", took)
		}
		c.Net.Between(talker.Addr, c.us.Addr, relaytest.Path{Delay: 5 * time.Millisecond})
		mark := talker.Watch.Mark()
		relaytest.WaitAfter(t, talker.Watch, mark, "all bits again", func(v client.VoiceStrained) bool { return !v.Lowered() })
		over()
		if n := c.us.Node.Stats().StrainTold; n != 0 {
			t.Errorf("the relay said something %d times", n)
		}
	})
}
