package console

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// browser is a page's side of the voice: another implementation's place is taken by a
// second connection of pion's, over loopback sockets.
type browser struct {
	t     *testing.T
	pc    *webrtc.PeerConnection
	mic   *webrtc.TrackLocalStaticRTP
	heard chan packetOf
	state chan webrtc.PeerConnectionState
	seq   uint16
	at    string // where it reached the server; empty: not known
	hides bool   // its address, behind a name of multicast DNS, as browsers do that have not been let use the microphone
}

// packetOf is a packet that a browser heard on a media stream.
type packetOf struct {
	stream string
	codec  voice.Codec
	rtp.Packet
}

// newBrowser makes a page with a microphone and lines for some channels.
func newBrowser(t *testing.T, lines int) *browser {
	t.Helper()
	p := newListener(t)
	p.addMicrophone()
	p.addLines(lines)
	return p
}

// newListener makes a page without any lines.
func newListener(t *testing.T) *browser {
	t.Helper()
	var codecs webrtc.MediaEngine
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.Equal(net.IPv4(127, 0, 0, 1)) })
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(&codecs), webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	p := &browser{t: t, pc: pc, heard: make(chan packetOf, 4096), state: make(chan webrtc.PeerConnectionState, 64)}
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := tr.ReadRTP()
			if err != nil {
				return
			}
			codec := voice.CodecPCMU
			if packet.PayloadType == 111 {
				codec = voice.CodecOpus
			}
			p.heard <- packetOf{tr.StreamID(), codec, *packet}
		}
	})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { p.state <- s })
	t.Cleanup(func() { _ = pc.GracefulClose() })
	return p
}

func (p *browser) addMicrophone() {
	p.t.Helper()
	var err error
	p.mic, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "mic", "mic")
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.pc.AddTransceiverFromTrack(p.mic, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *browser) addLines(n int) {
	p.t.Helper()
	for range n {
		if _, err := p.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// offer asks the bridge for its voice, takes the answer, and returns it.
func (p *browser) offer(b *Bridge) string {
	p.t.Helper()
	answer := p.ask(b)
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		p.t.Fatal(err)
	}
	return answer
}

// ask asks the bridge for its voice.
func (p *browser) ask(b *Bridge) string {
	p.t.Helper()
	answer, err := p.tryAsk(b)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer
}

func (p *browser) tryAsk(b *Bridge) (string, error) {
	p.t.Helper()
	offer, err := p.pc.CreateOffer(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		p.t.Fatal(err)
	}
	<-gathered
	said := p.pc.LocalDescription().SDP
	if p.hides {
		said = regexp.MustCompile(`127\.0\.0\.1 (\d+) typ`).ReplaceAllString(said, "1f4712db-ea17-4bcf-a596-105139dfd8bf.local $1 typ")
	}
	ctx := context.Background()
	if p.at != "" {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(address(p.at)))
	}
	return b.Answer(ctx, said)
}

// until waits for a state of the connection.
func (p *browser) until(want webrtc.PeerConnectionState) {
	p.t.Helper()
	for {
		select {
		case s := <-p.state:
			if s == want {
				return
			}
		case <-time.After(20 * time.Second):
			p.t.Fatalf("the connection does not become %v", want)
		}
	}
}

// connect offers and waits until the bridge speaks with this page.
func (p *browser) connect(b *Bridge) {
	p.t.Helper()
	p.offer(b)
	p.until(webrtc.PeerConnectionStateConnected)
	eventually(p.t, "the bridge speaks with the page", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.next == nil && b.page != nil && b.page.live
	})
}

// say sends a packet of the microphone.
func (p *browser) say(payload []byte) {
	p.t.Helper()
	p.seq++
	err := p.mic.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: p.seq, Timestamp: uint32(p.seq) * 960}, Payload: payload})
	if err != nil {
		p.t.Fatal(err)
	}
}

// next returns the next packet that was heard.
func (p *browser) next() packetOf {
	p.t.Helper()
	select {
	case h := <-p.heard:
		return h
	case <-time.After(10 * time.Second):
		p.t.Fatal("nothing more is heard")
		return packetOf{}
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 2000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// newTestBridge makes a bridge for some channels, whose goroutines have to end.
func newTestBridge(t *testing.T, channels int) (*Bridge, []proto.ChannelID) {
	t.Helper()
	b := NewBridge(BridgeConfig{})
	ids := make([]proto.ChannelID, channels)
	for i := range ids {
		ids[i] = proto.ChannelID{byte(i + 1)}
	}
	b.SetChannels(ids)
	t.Cleanup(func() {
		b.Close()
		eventually(t, "every goroutine of the bridge ends, and of its connections", func() bool {
			s := stacks()
			return !strings.Contains(s, "console.(*voicePage)") && !strings.Contains(s, "github.com/pion")
		})
	})
	return b, ids
}

func stacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// opus is a packet of 20 ms that carries a number.
func opus(n int) []byte { return fmt.Appendf([]byte{0x48}, "%08d", n) }

func pcmu(n int) []byte { return fmt.Appendf(make([]byte, 0, 160), "%0160d", n) }

func speaker(t *testing.T) proto.Name {
	t.Helper()
	n, err := proto.ParseName("spiffe://usbp.example/unit/del-rio-214")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// played is a frame of a burst, at its time.
func played(ch proto.ChannelID, burst byte, i int, payload []byte, c voice.Codec) client.Played {
	return client.Played{
		Channel: ch, Burst: proto.BurstID{burst}, Index: uint32(i), PCM: make([]int16, voice.FrameSamples),
		At: time.Now(), Payload: payload, Codec: c, Conceal: payload == nil,
	}
}
