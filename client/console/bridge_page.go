package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"crossband/client/voice"
	"crossband/proto"
)

// Limits of a page's connection.
const (
	connectTime = 20 * time.Second // from the answer; a page that is not there by then is given up
	awayAfter   = 6 * time.Second  // without anything from the page; it checks every 2.5 s
	goneAfter   = 20 * time.Second // and then
	downQueue   = 256              // frames that wait to be sent; beyond it the oldest goes
	maxRTP      = 1500             // octets of a packet that are read
)

// voicePage is one page's connection.
type voicePage struct {
	b       *Bridge
	session uint64 // by which the page's offers are known
	pc      *webrtc.PeerConnection
	out     chan down
	ctx     context.Context // ends with the connection
	cancel  context.CancelFunc
	own     sync.WaitGroup // goroutines of ours

	// With whoever holds Bridge.answering:
	senders map[*voiceTrack]*webrtc.RTPTransceiver
	known   []string // mids that receive, of all offers

	// Under the Bridge's mutex:
	tracks  map[proto.ChannelID]*voiceTrack
	live    bool // what is sent arrives, as far as we know
	speaks  bool // it offered a microphone
	closing bool
	codec   voice.Codec // of the microphone's newest packet
	up      upward
}

// newVoicePage makes a connection that waits for its first offer, at one address of
// this machine.
func newVoicePage(b *Bridge, session uint64, at netip.Addr) (*voicePage, error) {
	api, err := voiceAPI(at)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, fmt.Errorf("making a connection for a page: %w", err)
	}
	p := &voicePage{b: b, session: session, pc: pc, out: make(chan down, downQueue), senders: make(map[*voiceTrack]*webrtc.RTPTransceiver)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	pc.OnConnectionStateChange(p.state)
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.listen(t) })
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		p.cancel()
		return nil, errors.Join(fmt.Errorf("making a way for the microphone: %w", err), pc.Close())
	}
	p.own.Go(p.write)
	return p, nil
}

// voiceAPI is pion's, for one address: it answers whoever comes with the right secret
// (ICE lite, RFC 8445 section 2.5), calls nobody, and resolves no names.
func voiceAPI(at netip.Addr) (*webrtc.API, error) {
	var codecs webrtc.MediaEngine
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, PayloadType: 111},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, PayloadType: 0},
	} {
		if err := codecs.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, fmt.Errorf("setting up the codecs: %w", err)
		}
	}
	var reports interceptor.Registry
	if err := webrtc.ConfigureRTCPReports(&reports); err != nil {
		return nil, fmt.Errorf("setting up the reports: %w", err)
	}
	var s webrtc.SettingEngine
	s.SetLite(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(at.IsLoopback())
	s.SetIPFilter(func(ip net.IP) bool { return ip.Equal(at.AsSlice()) })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	if at.Is6() {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP6})
	}
	s.SetICETimeouts(awayAfter, goneAfter, 2*time.Second)
	s.SetReceiveMTU(maxRTP)
	return webrtc.NewAPI(webrtc.WithMediaEngine(&codecs), webrtc.WithInterceptorRegistry(&reports), webrtc.WithSettingEngine(s)), nil
}

// codecOf returns the codec of ours that goes by a MIME type.
func codecOf(mime string) voice.Codec {
	switch {
	case strings.EqualFold(mime, webrtc.MimeTypeOpus):
		return voice.CodecOpus
	case strings.EqualFold(mime, webrtc.MimeTypePCMU):
		return voice.CodecPCMU
	}
	return voice.CodecNone
}

// answer answers an offer: a track for each channel that is wanted, as far as there are
// lines for them.
func (p *voicePage) answer(ctx context.Context, o offer, wanted []proto.ChannelID) (string, error) {
	if err := p.arrange(o, wanted); err != nil {
		return "", err
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", fmt.Errorf("%w: %w", ErrOffer, err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	said := p.pc.LocalDescription().SDP
	if !strings.Contains(said, "a=candidate:") {
		return "", errNowhere
	}
	p.publish(o.speaks)
	return askMicrophone(said)
}

// arrange ends the tracks that are not wanted any more, and makes those that are.
func (p *voicePage) arrange(o offer, wanted []proto.ChannelID) error {
	have := make(map[proto.ChannelID]bool)
	for t, way := range p.senders {
		if slices.Contains(wanted, t.channel) {
			have[t.channel] = true
			continue
		}
		if err := p.pc.RemoveTrack(way.Sender()); err != nil {
			return fmt.Errorf("ending a track: %w", err)
		}
		delete(p.senders, t)
	}
	free := 0
	for _, mid := range o.hears {
		if !slices.Contains(p.known, mid) {
			p.known = append(p.known, mid)
			free++
		}
	}
	for _, ch := range wanted {
		if have[ch] || free == 0 {
			continue
		}
		free--
		t := &voiceTrack{channel: ch}
		way, err := p.pc.AddTransceiverFromTrack(t, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return fmt.Errorf("making a track: %w", err)
		}
		p.senders[t] = way
		p.own.Go(func() { drain(way.Sender()) })
	}
	return nil
}

// publish lets Play have the tracks that the page has been told of.
func (p *voicePage) publish(speaks bool) {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	p.speaks = speaks
	p.tracks = make(map[proto.ChannelID]*voiceTrack)
	for t, way := range p.senders {
		if way.Mid() != "" {
			p.tracks[t.channel] = t
		}
	}
}

// carries reports whether a page hears exactly these channels. Under the Bridge's mutex.
func (p *voicePage) carries(channels []proto.ChannelID) bool {
	for _, ch := range channels {
		if p.tracks[ch] == nil {
			return false
		}
	}
	return len(p.tracks) == len(channels)
}

// queue lets a packet wait for the writer, and returns how many had to go for it. Under
// the Bridge's mutex.
func (p *voicePage) queue(d down) (dropped uint64) {
	for {
		select {
		case p.out <- d:
			return dropped
		default:
		}
		select {
		case <-p.out:
			dropped++
		default:
		}
	}
}

// write sends what waits. Its goroutine ends with the connection.
func (p *voicePage) write() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case d := <-p.out:
			if err := d.send(); err != nil && p.ctx.Err() == nil {
				p.b.cfg.Log.Debug("voice not sent to the page", "why", err.Error())
			}
		}
	}
}

// drain reads what the page reports of a track: pion works it in on the way.
func drain(s *webrtc.RTPSender) {
	b := make([]byte, maxRTP)
	for {
		if _, _, err := s.Read(b); err != nil {
			return
		}
	}
}

func (p *voicePage) state(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		p.b.connected(p)
	case webrtc.PeerConnectionStateDisconnected:
		p.b.away(p)
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		p.b.gone(p)
	}
}

// expect gives the page up if it has not connected by then.
func (p *voicePage) expect(within time.Duration) {
	p.own.Go(func() {
		select {
		case <-p.ctx.Done():
		case <-time.After(within):
			if p.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
				p.b.gone(p)
			}
		}
	})
}

// close ends the connection and waits for its goroutines.
func (p *voicePage) close() {
	p.cancel()
	if err := p.pc.GracefulClose(); err != nil {
		p.b.cfg.Log.Debug("a page's connection ended badly", "why", err.Error())
	}
	p.own.Wait()
}
