package voice

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"crossband/crypto/sframe"
	"crossband/proto"
)

// path is a talker and a listener with a simulated network between them.
type path struct {
	sender   *sframe.Sender
	receiver *sframe.Receiver
	player   *Player
	signer   *BurstSigner
	verifier *BurstVerifier
	key      *ecdsa.PrivateKey
	id       BurstID
	meta     []byte
}

func newPath(t testing.TB) *path {
	t.Helper()
	base := bytes.Repeat([]byte{7}, sframe.SuiteAES256GCM.BaseKeyLen())
	s, err := sframe.NewSender(sframe.SenderConfig{Suite: sframe.SuiteAES256GCM, BaseKey: base, Epoch: 3, Leaf: 4})
	if err != nil {
		t.Fatal(err)
	}
	r, err := sframe.NewReceiver(sframe.SuiteAES256GCM, proto.KIDLayout{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AddEpoch(3, base, begin); err != nil {
		t.Fatal(err)
	}
	p := &path{sender: s, receiver: r, player: NewPlayer(JitterConfig{}), key: deviceKey(t, elliptic.P384()), id: BurstID{1, 2, 3}, meta: []byte("channel")}
	c := BurstContext{Channel: [32]byte{1}, Leaf: 4, Burst: p.id}
	if p.signer, err = NewBurstSigner(c, p.key, rand.Reader); err != nil {
		t.Fatal(err)
	}
	p.verifier = NewBurstVerifier(c)
	return p
}

// packet is a sealed frame under way.
type packet struct {
	at     time.Duration
	sealed []byte
}

// talk sends a whole source and returns what arrives.
func (p *path) talk(t testing.TB, src Source, n network) []packet {
	t.Helper()
	var payloads [][]byte
	for {
		b, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, b)
	}
	var out []packet
	talker := NewTalker(p.id, src.Codec())
	send := func(i int, f Frame, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		plain, err := f.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := p.sender.Seal(nil, p.meta, plain)
		if err != nil {
			t.Fatal(err)
		}
		if at := n(i, time.Duration(i)*FrameDuration); at >= 0 {
			out = append(out, packet{at, sealed})
		}
		return sealed
	}
	for i, b := range payloads {
		last := i == len(payloads)-1
		f, err := talker.Next(b, last, Stamp{})
		due, err := p.signer.Add(send(i, f, err))
		if err != nil {
			t.Fatal(err)
		}
		if due || last {
			block, err := p.signer.Block(p.sender.Epoch(), last)
			send(i, talker.Signature(block, Stamp{}), err)
		}
	}
	return out
}

// receive opens what arrives and plays it for the given time.
func (p *path) receive(t testing.TB, packets []packet, length time.Duration) []int16 {
	t.Helper()
	slices.SortStableFunc(packets, func(a, b packet) int { return int(a.at - b.at) })
	var out []int16
	for tick := 13 * ms; tick < length; tick += FrameDuration {
		for len(packets) > 0 && packets[0].at <= tick {
			p.arrive(t, packets[0])
			packets = packets[1:]
		}
		h := p.player.Tick(begin.Add(tick))
		if h.PCM == nil {
			h.PCM = make([]int16, FrameSamples)
		}
		out = append(out, h.PCM...)
	}
	return out
}

func (p *path) arrive(t testing.TB, in packet) {
	t.Helper()
	now := begin.Add(in.at)
	opened, err := p.receiver.Open(nil, p.meta, in.sealed, now)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseFrame(opened.Plaintext)
	if err != nil {
		t.Fatal(err)
	}
	if f.Kind == KindSignature {
		if err := p.verifier.Block(opened.Epoch, f.Payload, p.key.Public()); err != nil {
			t.Errorf("block %d: %v", f.Index, err)
		}
		return
	}
	p.verifier.Frame(f.Index, in.sealed)
	p.player.Push(f, now)
}

// voicedSpan returns the first and last sample of speech.
func voicedSpan(pcm []int16) (first, last int) {
	const piece = FrameSamples / 4
	loudest := 0.0
	for i := 0; i+piece <= len(pcm); i += piece {
		loudest = max(loudest, rms(pcm[i:i+piece]))
	}
	first = -1
	for i := 0; i+piece <= len(pcm); i += piece {
		if rms(pcm[i:i+piece]) > loudest/20 {
			if first < 0 {
				first = i
			}
			last = i + piece
		}
	}
	return first, last
}

// Both ways from the microphone to the ear that this build has, over a network
// with 20 ms of jitter and 3 % of loss, and with the floor granted 300 ms after
// the press.
func TestPipeline(t *testing.T) {
	encoders := []func() Encoder{func() Encoder { return newPCMUEncoder() }}
	if newEncoder(t).Codec() != CodecPCMU {
		encoders = append(encoders, func() Encoder { return newEncoder(t) })
	}
	recordings := speech(t)
	for _, name := range []string{"human-en-US-callsign", "espeak-es-MX", "human-fr-CA-callsign"} {
		pcm := recordings[name]
		for _, encoder := range encoders {
			for why, n := range map[string]network{
				"perfect":           steady,
				"3 % loss":          rough(11, 20*ms, 3),
				"granted at 300 ms": heldUntil(300*ms, rough(12, 20*ms, 3)),
			} {
				p, enc := newPath(t), encoder()
				packets := p.talk(t, NewPCMSource(pcm, enc), n)
				length := time.Duration(len(pcm)/FrameSamples)*FrameDuration + 1500*ms
				out := p.receive(t, packets, length)
				s, stats, verdict := Compare(pcm, out), p.player.Stats(), p.verifier.Result()
				t.Logf("%s, %v, %s: %.3f, lag %d ms, %+v", name, enc.Codec(), why, s.Score, s.Lag*1000/SampleRate, stats.JitterStats)
				want := 0.9
				if why == "perfect" {
					want = 0.95
				}
				if s.Score < want {
					t.Errorf("%s, %v, %s: likeness %.3f, want %.2f", name, enc.Codec(), why, s.Score, want)
				}
				if verdict.Forged != 0 || verdict.Verified < verdict.Waiting+verdict.Unsigned {
					t.Errorf("%s, %v, %s: %+v", name, enc.Codec(), why, verdict)
				}
				if why == "perfect" && !verdict.Genuine() {
					t.Errorf("%s, %v: %+v", name, enc.Codec(), verdict)
				}
				checkEnds(t, name+", "+why, pcm, out, time.Duration(s.Lag)*time.Second/SampleRate)
			}
		}
	}
}

// checkEnds compares where speech begins and ends with where it should, and
// how loud the first and last 200 ms of it are.
func checkEnds(t *testing.T, why string, in, out []int16, lag time.Duration) {
	t.Helper()
	inFirst, inLast := voicedSpan(in)
	outFirst, outLast := voicedSpan(out)
	const syllable = SampleRate / 5
	shift := int(lag * SampleRate / time.Second)
	if d := outFirst - inFirst - shift; d > 5*FrameSamples+300*48 {
		t.Errorf("%s: speech begins %d ms late", why, d/48)
	}
	if d := outLast - inLast - shift; d < -6*FrameSamples {
		t.Errorf("%s: speech ends %d ms early", why, -d/48)
	}
	head := rms(out[outFirst:outFirst+syllable]) / rms(in[inFirst:inFirst+syllable])
	tail := rms(out[outLast-syllable:outLast]) / rms(in[inLast-syllable:inLast])
	if head < 0.5 || tail < 0.5 {
		t.Errorf("%s: first syllable at %.2f of its level, last at %.2f", why, head, tail)
	}
}

// The clip of the demo is decoded by both builds.
func TestPipelineFromOgg(t *testing.T) {
	file, err := os.ReadFile("../../cmd/crossband/internal/clip/answer-es.opus")
	if err != nil {
		t.Fatal(err)
	}
	src, err := NewOggSource(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewOggSource(file)
	if err != nil {
		t.Fatal(err)
	}
	_, clean := drain(t, again)
	p := newPath(t)
	out := p.receive(t, p.talk(t, src, rough(21, 20*ms, 3)), 8*time.Second)
	s, stats := Compare(clean, out), p.player.Stats()
	t.Logf("likeness %.3f, %+v", s.Score, stats)
	if s.Score < 0.85 || stats.Undecodable != 0 {
		t.Errorf("%+v, %+v", s, stats)
	}
	checkEnds(t, "clip", clean, out, time.Duration(s.Lag)*time.Second/SampleRate)
}

func TestPlayerCoversUpWhatItCannotDecode(t *testing.T) {
	p := NewPlayer(JitterConfig{})
	for i := range 20 {
		f := audioFrame(uint32(i), 0x4c, 1, 2) // stereo: refused
		p.Push(f, begin.Add(time.Duration(i)*FrameDuration))
		if h := p.Tick(begin.Add(time.Duration(i) * FrameDuration)); h.PCM != nil && len(h.PCM) != FrameSamples {
			t.Errorf("%d samples", len(h.PCM))
		}
	}
	if s := p.Stats(); s.Undecodable == 0 || s.Undecodable != s.Played+s.Skipped {
		t.Errorf("%+v", s)
	}
}

// catchUp plays two seconds of which fifteen frames come at once.
func catchUp(t *testing.T, in []int16) ([]int16, PlayerStats) {
	t.Helper()
	p := NewPlayer(JitterConfig{})
	src, talker := NewPCMSource(in, newPCMUEncoder()), NewTalker(BurstID{1}, CodecPCMU)
	var out []int16
	for i := range 101 {
		b, err := src.Next()
		if err != nil {
			t.Fatal(err)
		}
		f, err := talker.Next(b, i == 100, Stamp{})
		if err != nil {
			t.Fatal(err)
		}
		now := begin.Add(time.Duration(max(i, 15)) * FrameDuration)
		p.Push(f, now)
		if i >= 15 {
			out = append(out, p.Tick(now).PCM...)
		}
	}
	return out, p.Stats()
}

// Making up for a late grant merges frames, it does not cut them out; and in
// silence it is done at once.
func TestPlayerCatchesUp(t *testing.T) {
	in := tone(100*FrameSamples, 137, 9000)
	out, loud := catchUp(t, in)
	if loud.Skipped < 5 || biggestStep(out[FrameSamples:]) > 1.4*biggestStep(in) {
		t.Errorf("step of %.0f, was %.0f: %+v", biggestStep(out[FrameSamples:]), biggestStep(in), loud)
	}
	_, quiet := catchUp(t, make([]int16, len(in)))
	if quiet.Delay >= loud.Delay || quiet.Skipped <= loud.Skipped {
		t.Errorf("in silence %+v, in speech %+v", quiet, loud)
	}
}
