package console

import (
	"slices"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// Spoken is a burst that can be heard again.
type Spoken struct {
	ID      proto.BurstID
	Channel proto.ChannelID
	From    proto.Name
	At      time.Time     // when it began to be heard
	Length  time.Duration // heard so far
	Over    bool
	Genuine bool // every frame was signed by the speaker's device; false until that is known
	Heard   bool // all of it went to a page as it came
}

const (
	maxSpoken   = 512         // bursts kept; beyond it the oldest goes
	pieceFrames = 50          // frames of a piece: a second
	spokenCost  = 256         // octets that a burst counts beside its pieces
	pieceCost   = 128         // and a piece beside its voice
	overAfter   = time.Second // without a frame, though nobody said that it ends
)

// recall keeps bursts as they came. It belongs to the Bridge, under its mutex.
type recall struct {
	keep    time.Duration
	max     int       // octets
	size    int       // of them in use
	list    []*spoken // by their beginning
	byID    map[proto.BurstID]*spoken
	dropped uint64
}

type spoken struct {
	Spoken
	last   time.Time // when a frame of it was heard last
	pieces []piece
}

// piece is up to a second of a burst. What is in it never changes: more is appended.
type piece struct {
	frames []frameNote
	voice  []byte // their payloads
}

// frameNote says what a frame's payload is: none if it was lost.
type frameNote struct {
	codec  voice.Codec
	octets uint16
}

func (p piece) cost() int { return pieceCost + 4*cap(p.frames) + cap(p.voice) }

func newRecall(keep time.Duration, most int) *recall {
	return &recall{keep: keep, max: most, byID: make(map[proto.BurstID]*spoken)}
}

// add keeps a frame, and reports whether the list of bursts has changed beyond lengths.
func (r *recall) add(p client.Played, heard bool) (news bool) {
	news = r.expire(p.At)
	s := r.byID[p.Burst]
	switch {
	case s == nil:
		s = &spoken{Spoken: Spoken{ID: p.Burst, Channel: p.Channel, From: p.From, At: p.At, Heard: true}}
		r.byID[p.Burst] = s
		r.list = append(r.list, s)
		r.size += spokenCost
		news = true
	case s.Channel != p.Channel || s.From != p.From:
		r.dropped++ // one burst has the name of another: the first keeps it
		return news
	}
	if p.Payload == nil {
		s.append(r, voice.CodecNone, nil)
	} else {
		if p.Before != nil {
			s.append(r, p.Codec, p.Before)
		}
		s.append(r, p.Codec, p.Payload)
	}
	s.last = p.At
	news = news || s.Over != p.End || s.Heard && !heard
	s.Over, s.Heard = p.End, s.Heard && heard
	return r.trim() || news
}

// late keeps what was missed of a burst, or all of it. It counts as new: it can be heard
// as long as one that was said now. A burst that comes whole takes the place of what was
// heard of it before; else that comes first, is there twice where it comes again, and is
// no more genuine than it was.
func (r *recall) late(l client.LateBurst, now time.Time) {
	r.expire(now)
	s := r.byID[l.Burst]
	if s == nil {
		s = &spoken{Spoken: Spoken{ID: l.Burst, Channel: l.Channel, From: l.From, At: l.At}}
		r.byID[l.Burst] = s
		r.list = append(r.list, s)
		r.size += spokenCost
	}
	if s.Channel != l.Channel || s.From != l.From {
		r.dropped++
		return
	}
	genuine := l.Genuine && (l.Whole || len(s.pieces) == 0 || s.Genuine)
	for l.Whole && len(s.pieces) > 0 {
		s.dropPiece(r)
	}
	for _, payload := range l.Payloads {
		if payload == nil {
			s.append(r, voice.CodecNone, nil)
			continue
		}
		s.append(r, l.Codec, payload)
	}
	s.last, s.Over, s.Heard, s.Genuine = now, true, false, genuine
	r.trim()
}

// append keeps one frame more; of a burst that is longer than anything is kept, its
// beginning goes.
func (s *spoken) append(r *recall, c voice.Codec, payload []byte) {
	if n := len(s.pieces); n == 0 || len(s.pieces[n-1].frames) == pieceFrames {
		s.pieces = append(s.pieces, piece{frames: make([]frameNote, 0, pieceFrames)})
		r.size += s.pieces[n].cost()
	}
	p := &s.pieces[len(s.pieces)-1]
	r.size -= p.cost()
	p.frames = append(p.frames, frameNote{c, uint16(len(payload))})
	p.voice = append(p.voice, payload...)
	r.size += p.cost()
	s.Length += proto.VoiceFrame
	for s.Length > r.keep && len(s.pieces) > 1 {
		s.dropPiece(r)
	}
}

func (s *spoken) dropPiece(r *recall) {
	r.size -= s.pieces[0].cost()
	s.Length -= time.Duration(len(s.pieces[0].frames)) * proto.VoiceFrame
	s.pieces[0] = piece{}
	s.pieces = s.pieces[1:]
}

// expire ends bursts of which nothing comes, drops what is too old, and reports whether
// anything was.
func (r *recall) expire(now time.Time) (news bool) {
	for _, s := range r.list {
		if !s.Over && now.Sub(s.last) > overAfter {
			s.Over, news = true, true
		}
	}
	n := len(r.list)
	r.list = slices.DeleteFunc(r.list, func(s *spoken) bool {
		old := now.Sub(s.last) > r.keep
		if old {
			r.forget(s)
		}
		return old
	})
	return news || len(r.list) < n
}

// trim keeps to the bounds: the oldest burst goes, of the last one its beginning.
func (r *recall) trim() (news bool) {
	for len(r.list) > 1 && (r.size > r.max || len(r.list) > maxSpoken) {
		r.forget(r.list[0])
		r.list = slices.Delete(r.list, 0, 1)
		r.dropped++
		news = true
	}
	for r.size > r.max && len(r.list) == 1 && len(r.list[0].pieces) > 1 {
		r.list[0].dropPiece(r)
	}
	return news
}

func (r *recall) forget(s *spoken) {
	delete(r.byID, s.ID)
	r.size -= spokenCost
	for _, p := range s.pieces {
		r.size -= p.cost()
	}
}

func (r *recall) bursts() []Spoken {
	out := make([]Spoken, 0, len(r.list))
	for _, s := range slices.Backward(r.list) {
		out = append(out, s.Spoken)
	}
	return out
}

// pieces returns what is kept of a burst now; it stays as it is.
func (r *recall) pieces(id proto.BurstID) ([]piece, bool) {
	s := r.byID[id]
	if s == nil {
		return nil, false
	}
	return slices.Clone(s.pieces), true
}

// decodePieces decodes a burst, with its lost frames covered up.
func decodePieces(pieces []piece) []int16 {
	var pcm []int16
	var decoder voice.Decoder
	codec := voice.CodecNone
	for _, p := range pieces {
		rest := p.voice
		for _, f := range p.frames {
			payload := rest[:f.octets]
			rest = rest[f.octets:]
			if f.codec != voice.CodecNone && f.codec != codec {
				if d, err := voice.NewDecoder(f.codec); err == nil {
					decoder, codec = d, f.codec
				}
			}
			pcm = append(pcm, decodeFrame(decoder, f.codec, payload)...)
		}
	}
	return pcm
}

// decodeFrame gives 20 ms in any case: silence if there is nothing better.
func decodeFrame(d voice.Decoder, c voice.Codec, payload []byte) []int16 {
	if d != nil && c != voice.CodecNone {
		if pcm, err := d.Decode(payload); err == nil {
			return pcm
		}
	}
	if d != nil {
		if pcm, err := d.Conceal(nil); err == nil {
			return pcm
		}
	}
	return make([]int16, voice.FrameSamples)
}
