package console

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// BridgeConfig sets a Bridge up. Zero fields mean the defaults.
type BridgeConfig struct {
	Log   *slog.Logger     // default: nothing is logged
	Clock func() time.Time // when what is heard is heard; default time.Now
	// RecallFor is how long a burst can be heard again after its end. Default 10 minutes.
	RecallFor time.Duration
	// MaxRecall bounds what is kept for that, in octets; beyond it the oldest burst goes.
	// Default 32 MiB: five times ten minutes of G.711 without a pause.
	MaxRecall int
}

func (c BridgeConfig) withDefaults() BridgeConfig {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.RecallFor <= 0 {
		c.RecallFor = 10 * time.Minute
	}
	if c.MaxRecall <= 0 {
		c.MaxRecall = 32 << 20
	}
	return c
}

// MaxVoiceTracks bounds the channels that one page hears: the first ones of SetChannels.
const MaxVoiceTracks = 64

// Why a press says nothing, or an offer is not answered.
var (
	ErrNoVoicePage   = errors.New("console: no page has its voice connected")
	ErrVoiceTaken    = errors.New("console: another page has taken the voice over")
	ErrSilent        = errors.New("console: the microphone gives nothing")
	ErrManyPresses   = errors.New("console: too many presses at once")
	ErrBridgeClosed  = errors.New("console: the bridge is closed")
	ErrOffer         = errors.New("console: not an offer that can be answered")
	errMuchRenewed   = errors.New("the connection has been renewed too often: make a new one")
	errNowhere       = errors.New("console: this machine has not the address that the page came to")
	errNothingToHear = errors.New("no audio in it")
)

// BridgeStats counts what a Bridge left out.
type BridgeStats struct {
	DownDropped   uint64 // frames for a page that does not fetch them
	UpRefused     uint64 // packets of the page that are not 20 ms of mono Opus or G.711
	UpLate        uint64 // packets of the page that came twice, or after later ones
	UpDropped     uint64 // the page's frames that nobody took in time
	RecallDropped uint64 // bursts that went before their time, or could not be kept
}

// Bridge carries voice between one page and the channels: each channel down as a track
// of its own, the microphone up to whoever presses. It is a client.Sink. It keeps what
// it plays for some minutes, whether a page listens or not. Its methods may be called
// from any goroutine; none but Answer and Close waits for anything.
type Bridge struct {
	cfg       BridgeConfig
	answering chan struct{} // holds one token: one offer is answered at a time
	changed   chan struct{}
	ended     sync.WaitGroup // pages that are closing
	also      atomic.Pointer[client.Sink]

	mu       sync.Mutex // of everything below; nothing is waited for under it
	closed   bool
	channels []proto.ChannelID
	page     *voicePage // whose voice is connected: it speaks
	next     *voicePage // answered, and not yet connected
	presses  map[*Press]struct{}
	levels   map[proto.ChannelID]level
	recall   *recall
	stats    BridgeStats
	signaled time.Time // that a level changed
}

// NewBridge returns a Bridge that no page is connected to.
func NewBridge(cfg BridgeConfig) *Bridge {
	cfg = cfg.withDefaults()
	return &Bridge{
		cfg: cfg, answering: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		presses: make(map[*Press]struct{}), levels: make(map[proto.ChannelID]level),
		recall: newRecall(cfg.RecallFor, cfg.MaxRecall),
	}
}

// Changed is signaled when Bursts, Stale, Microphone or a Level may have changed: of
// levels not more often than ten times a second. Signals that nobody fetches are one.
func (b *Bridge) Changed() <-chan struct{} { return b.changed }

func (b *Bridge) signal() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// SetChannels says which channels a page is to hear, most important first.
func (b *Bridge) SetChannels(channels []proto.ChannelID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.channels = slices.Clone(channels[:min(len(channels), MaxVoiceTracks)])
	for ch := range b.levels {
		if !slices.Contains(channels, ch) {
			delete(b.levels, ch)
		}
	}
	b.signal()
}

// Tracks returns the channel of each track that the newest page was answered with, by
// its media stream's id ("ch-" and the channel's id).
func (b *Bridge) Tracks() map[string]proto.ChannelID {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make(map[string]proto.ChannelID)
	if p := b.newestLocked(); p != nil {
		for ch, t := range p.tracks {
			out[t.StreamID()] = ch
		}
	}
	return out
}

// Stale reports whether the page has to offer anew: no page is connected, or not every
// channel that is to be heard has its track.
func (b *Bridge) Stale() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.newestLocked()
	return p == nil || !p.carries(b.channels)
}

func (b *Bridge) newestLocked() *voicePage {
	if b.next != nil {
		return b.next
	}
	return b.page
}

// Stats returns what was left out so far.
func (b *Bridge) Stats() BridgeStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	st := b.stats
	st.RecallDropped = b.recall.dropped
	return st
}

// Pass has what is played from now on played to another Sink, too.
func (b *Bridge) Pass(to client.Sink) { b.also.Store(&to) }

// Play implements client.Sink: it keeps the frame for Recall and hands it to the page.
func (b *Bridge) Play(p client.Played) {
	if to := b.also.Load(); to != nil {
		(*to).Play(p)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	heard := b.sendLocked(b.page, p)
	news := b.recall.add(p, heard)
	if b.levelLocked(p) || news {
		b.signal()
	}
}

// Late implements client.LateSink: what was missed can be heard again, and is never
// played as if it were said now.
func (b *Bridge) Late(l client.LateBurst) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.recall.late(l, b.cfg.Clock())
	b.signal()
}

// sendLocked hands a frame to a page, and reports whether the page hears that channel.
func (b *Bridge) sendLocked(page *voicePage, p client.Played) bool {
	if page == nil || !page.live || page.tracks[p.Channel] == nil {
		return false
	}
	t := page.tracks[p.Channel]
	begins := t.burst != p.Burst
	t.burst = p.Burst
	for _, payload := range [][]byte{p.Before, p.Payload} {
		if payload != nil {
			b.stats.DownDropped += page.queue(t.packet(p.At, p.Codec, payload, begins))
			begins = false
		}
	}
	if p.Payload == nil {
		t.pace.hole(p.At, begins)
	}
	if p.End {
		t.burst = proto.BurstID{}
		for range endSilence {
			b.stats.DownDropped += page.queue(t.packet(p.At, t.pace.codec, silence(t.pace.codec), false))
		}
	}
	return true
}

// Bursts returns what can be heard again, newest first.
func (b *Bridge) Bursts() []Spoken {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recall.expire(b.cfg.Clock())
	return b.recall.bursts()
}

// SetGenuine takes in what is known of a burst's signatures.
func (b *Bridge) SetGenuine(h client.BurstHeard) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.recall.byID[h.Burst]
	if s == nil || s.Channel != h.Channel || s.From != h.From || s.Genuine == h.Genuine {
		return
	}
	s.Genuine = h.Genuine
	b.signal()
}

// Recall returns a burst, as far as it was heard, as a WAV file of 48 kHz. Pauses in
// which nothing came are left out.
func (b *Bridge) Recall(id proto.BurstID) (wav []byte, ok bool) {
	b.mu.Lock()
	b.recall.expire(b.cfg.Clock())
	pieces, ok := b.recall.pieces(id)
	b.mu.Unlock()
	if !ok {
		return nil, false
	}
	return voice.EncodeWAV(decodePieces(pieces)), true
}
