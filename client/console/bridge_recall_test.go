package console

import (
	"math"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
)

// talking is a bridge whose clock is the test's, and a talker on it.
type talking struct {
	t   *testing.T
	b   *Bridge
	now time.Time
	enc voice.Encoder
}

func newTalking(t *testing.T, cfg BridgeConfig) *talking {
	t.Helper()
	enc, err := voice.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	x := &talking{t: t, now: time.Unix(1_800_000_000, 0), enc: enc}
	cfg.Clock = func() time.Time { return x.now }
	x.b = NewBridge(cfg)
	return x
}

// hertz is a tone of 20 ms, at half of full scale.
func hertz(hz float64, frame int) []int16 {
	pcm := make([]int16, voice.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(16384 * math.Sin(2*math.Pi*hz*float64(frame*voice.FrameSamples+i)/voice.SampleRate))
	}
	return pcm
}

// burst plays a tone as a burst; the frames that are named are lost.
func (x *talking) burst(ch, id byte, frames int, end bool, lost ...int) {
	x.t.Helper()
	for i := range frames {
		pcm := hertz(500, i)
		payload, err := x.enc.Encode(pcm)
		if err != nil {
			x.t.Fatal(err)
		}
		p := client.Played{
			Channel: proto.ChannelID{ch}, From: speaker(x.t), Burst: proto.BurstID{id}, Index: uint32(i), PCM: pcm, At: x.now,
			Codec: x.enc.Codec(), Payload: payload, End: end && i == frames-1,
		}
		if slices.Contains(lost, i) {
			p.Conceal, p.Payload, p.Codec = true, nil, voice.CodecNone
		}
		x.b.Play(p)
		clear(payload) // it is good during Play only
		x.now = x.now.Add(proto.VoiceFrame)
	}
}

// A burst is heard again as it was: as long, as loud, with what was lost covered up; also
// one that no page heard.
func TestRecall(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	began := x.now
	x.burst(1, 7, 100, true, 40)
	want := Spoken{ID: proto.BurstID{7}, Channel: proto.ChannelID{1}, From: speaker(t), At: began, Length: 2 * time.Second, Over: true}
	if got := x.b.Bursts(); len(got) != 1 || got[0] != want {
		t.Fatalf("%+v", got)
	}
	wav, ok := x.b.Recall(proto.BurstID{7})
	if !ok {
		t.Fatal("it is not there")
	}
	pcm, err := voice.DecodeWAV(wav)
	if err != nil || len(pcm) != 100*voice.FrameSamples {
		t.Fatalf("%d samples, %v", len(pcm), err)
	}
	for i := 2; i < 100; i++ {
		if l := loudness(pcm[i*voice.FrameSamples : (i+1)*voice.FrameSamples]); l < 60 || l < 80 && (i < 40 || i > 50) { // Opus wavers as it finds its mode
			t.Errorf("frame %d at level %d", i, l)
		}
	}
	if _, ok := x.b.Recall(proto.BurstID{8}); ok {
		t.Error("a burst that never was")
	}
}

// Whether each frame was signed is told later; whether a page heard it is known.
func TestWhatIsKnownOfABurst(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	x.b.page = &voicePage{b: x.b, live: true, out: make(chan down, downQueue), tracks: map[proto.ChannelID]*voiceTrack{{1}: {channel: proto.ChannelID{1}}}}
	x.burst(1, 1, 10, true)
	x.burst(2, 2, 10, true) // the page has no track for it
	x.burst(1, 3, 5, false)
	x.b.page.live = false
	x.burst(1, 3, 5, true)
	another := speaker(t)
	another.Label = "another"
	for _, h := range []client.BurstHeard{
		{Channel: proto.ChannelID{2}, Burst: proto.BurstID{2}, From: speaker(t)},
		{Channel: proto.ChannelID{2}, Burst: proto.BurstID{9}, From: speaker(t)},
		{Channel: proto.ChannelID{7}, Burst: proto.BurstID{3}, From: speaker(t)}, // of the same number, elsewhere
		{Channel: proto.ChannelID{1}, Burst: proto.BurstID{3}, From: another},
	} {
		h.Genuine = true
		x.b.SetGenuine(h)
	}
	for i, want := range []struct{ heard, genuine bool }{{false, false}, {false, true}, {true, false}} {
		if got := x.b.Bursts()[i]; got.Heard != want.heard || got.Genuine != want.genuine || !got.Over {
			t.Errorf("burst %v: heard %t, genuine %t, over %t", got.ID, got.Heard, got.Genuine, got.Over)
		}
	}
}

// What is older than it may be goes; a burst of which nothing comes any more is over.
func TestRecallForgets(t *testing.T) {
	x := newTalking(t, BridgeConfig{RecallFor: time.Minute})
	x.burst(1, 1, 50, false)
	if got := x.b.Bursts(); got[0].Over {
		t.Error("over while it is spoken")
	}
	x.now = x.now.Add(2 * time.Second)
	if got := x.b.Bursts(); !got[0].Over {
		t.Error("not over, though nothing comes")
	}
	x.now = x.now.Add(30 * time.Second)
	x.burst(1, 2, 50, true)
	x.now = x.now.Add(28 * time.Second)
	if _, ok := x.b.Recall(proto.BurstID{1}); ok {
		t.Error("the first is still there after a minute")
	}
	if got := x.b.Bursts(); len(got) != 1 || got[0].ID != (proto.BurstID{2}) {
		t.Errorf("%+v", got)
	}
	x.now = x.now.Add(time.Hour)
	if got := x.b.Bursts(); len(got) != 0 || x.b.recall.size != 0 || len(x.b.recall.byID) != 0 {
		t.Errorf("%+v, %d octets", got, x.b.recall.size)
	}
}

// Octets are bounded: the oldest burst goes, of one alone its beginning; a burst longer
// than anything is kept loses its beginning too.
func TestRecallIsBounded(t *testing.T) {
	x := newTalking(t, BridgeConfig{MaxRecall: 100_000})
	for id := range byte(30) {
		x.burst(1, id, 100, true)
		if x.b.recall.size > 100_000 {
			t.Fatalf("%d octets", x.b.recall.size)
		}
	}
	got := x.b.Bursts()
	if n := len(got); n < 2 || n > 20 || got[0].ID != (proto.BurstID{29}) || x.b.Stats().RecallDropped != uint64(30-n) {
		t.Errorf("%d bursts, %d dropped", n, x.b.Stats().RecallDropped)
	}
	x.burst(1, 77, 2000, true)
	if got := x.b.Bursts(); len(got) != 1 || got[0].ID != (proto.BurstID{77}) || got[0].Length < 8*time.Second || x.b.recall.size > 100_000 {
		t.Errorf("%+v, %d octets", got, x.b.recall.size)
	}
	if wav, _ := x.b.Recall(proto.BurstID{77}); len(wav) != 44+int(x.b.Bursts()[0].Length/proto.VoiceFrame)*2*voice.FrameSamples {
		t.Errorf("%d octets of WAV", len(wav))
	}

	y := newTalking(t, BridgeConfig{RecallFor: 10 * time.Second})
	y.burst(1, 1, 1000, true)
	if got := y.b.Bursts(); len(got) != 1 || got[0].Length > 10*time.Second || got[0].Length < 9*time.Second {
		t.Errorf("%+v", got)
	}
	for id := range maxSpoken + 10 {
		y.b.Play(client.Played{Burst: proto.BurstID{1, byte(id >> 8), byte(id)}, At: y.now, Conceal: true})
	}
	if n := len(y.b.Bursts()); n != maxSpoken {
		t.Errorf("%d bursts", n)
	}
}

// A burst that has another's name does not come in its place.
func TestABurstWithAnothersName(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	x.burst(1, 1, 10, true)
	x.burst(2, 1, 10, true)
	if got := x.b.Bursts(); len(got) != 1 || got[0].Channel != (proto.ChannelID{1}) || got[0].Length != 10*proto.VoiceFrame || x.b.Stats().RecallDropped != 10 {
		t.Errorf("%+v, %+v", got, x.b.Stats())
	}
}

// What is heard while it is fetched stays out, and harms nobody (run with -race).
func TestRecallWhileItIsSpoken(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	x.burst(1, 1, 10, false)
	done := make(chan int)
	go func() {
		longest := 0
		for range 20 {
			wav, _ := x.b.Recall(proto.BurstID{1})
			longest = max(longest, len(wav))
		}
		done <- longest
	}()
	for range 200 {
		x.b.Play(client.Played{Channel: proto.ChannelID{1}, From: speaker(t), Burst: proto.BurstID{1}, PCM: hertz(500, 0), At: time.Unix(1_800_000_000, 0), Codec: voice.CodecPCMU, Payload: pcmu(1)})
	}
	if longest := <-done; longest < 44+10*2*voice.FrameSamples {
		t.Errorf("%d octets", longest)
	}
}

func TestLevel(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	x.burst(1, 1, 10, false)
	if l := x.b.Level(proto.ChannelID{1}); l < 88 || l > 92 { // -6 dB of -60
		t.Errorf("level %d", l)
	}
	if l := x.b.Level(proto.ChannelID{2}); l != 0 {
		t.Errorf("another channel's: %d", l)
	}
	x.now = x.now.Add(time.Second)
	if l := x.b.Level(proto.ChannelID{1}); l != 0 {
		t.Errorf("a second later: %d", l)
	}
	x.burst(1, 2, 10, true)
	if l := x.b.Level(proto.ChannelID{1}); l != 0 {
		t.Errorf("after the end: %d", l)
	}
	for what, c := range map[string]struct {
		pcm  []int16
		want int
	}{
		"nothing": {nil, 0}, "silence": {make([]int16, 960), 0}, "hardly anything": {slices.Repeat([]int16{1}, 960), 0},
		"all that goes": {slices.Repeat([]int16{-32768}, 960), 100},
	} {
		if got := loudness(c.pcm); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
}

// Changes are signaled: a burst that begins at once, levels ten times a second.
func TestChangesAreSignaled(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	signals := 0
	for i := range 100 {
		p := client.Played{Channel: proto.ChannelID{1}, Burst: proto.BurstID{1}, PCM: hertz(500, i), At: x.now, Codec: voice.CodecPCMU, Payload: pcmu(i)}
		x.b.Play(p)
		select {
		case <-x.b.Changed():
			signals++
		default:
			if i == 0 {
				t.Error("the burst's beginning is not signaled")
			}
		}
		x.now = x.now.Add(proto.VoiceFrame)
	}
	if signals < 15 || signals > 25 {
		t.Errorf("%d signals in two seconds", signals)
	}
	for what, change := range map[string]func(){
		"channels": func() { x.b.SetChannels(nil) },
		"genuine": func() {
			x.b.SetGenuine(client.BurstHeard{Channel: proto.ChannelID{1}, Burst: proto.BurstID{1}, Genuine: true})
		},
		"a page": func() { x.b.connected(&voicePage{b: x.b}) },
	} {
		change()
		select {
		case <-x.b.Changed():
		default:
			t.Errorf("%s: not signaled", what)
		}
	}
}

// BenchmarkPlay plays a frame of each of 16 channels, for a page that hears them all.
func BenchmarkPlay(b *testing.B) {
	const channels = 16
	bridge := NewBridge(BridgeConfig{})
	page := &voicePage{b: bridge, live: true, out: make(chan down, downQueue), tracks: make(map[proto.ChannelID]*voiceTrack)}
	for i := range byte(channels) {
		page.tracks[proto.ChannelID{i}] = &voiceTrack{channel: proto.ChannelID{i}}
	}
	bridge.page = page
	payload, pcm, now := opus(1), hertz(500, 0), time.Now()
	b.ReportAllocs()
	for i := range b.N {
		if i%50 == 0 {
			now = now.Add(time.Second)
		}
		for ch := range byte(channels) {
			bridge.Play(client.Played{Channel: proto.ChannelID{ch}, Burst: proto.BurstID{ch, byte(i / 500)}, PCM: pcm, At: now, Codec: voice.CodecOpus, Payload: payload})
		}
	}
}

var _ client.LateSink = (*Bridge)(nil)

// missed is a burst that comes late: n frames, of which one is missing.
func (x *talking) missed(ch, id byte, n, missing int) client.LateBurst {
	x.t.Helper()
	l := client.LateBurst{Channel: proto.ChannelID{ch}, Burst: proto.BurstID{id}, From: speaker(x.t), At: x.now.Add(-time.Minute), Codec: x.enc.Codec(), Genuine: true}
	for i := range n {
		payload, err := x.enc.Encode(hertz(500, i))
		if err != nil {
			x.t.Fatal(err)
		}
		if i == missing {
			payload = nil
		}
		l.Payloads = append(l.Payloads, slices.Clone(payload))
	}
	return l
}

// What was missed can be heard again, late, as long as what is said now; no page is
// played it.
func TestWhatWasMissedCanBeHeardLate(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	page := &voicePage{b: x.b, live: true, out: make(chan down, downQueue), tracks: map[proto.ChannelID]*voiceTrack{{1}: {channel: proto.ChannelID{1}}}}
	x.b.page = page
	l := x.missed(1, 7, 100, 40)
	x.b.Late(l)
	select {
	case <-x.b.Changed():
	default:
		t.Error("no page is told")
	}
	want := Spoken{ID: l.Burst, Channel: l.Channel, From: l.From, At: l.At, Length: 2 * time.Second, Over: true, Genuine: true}
	if got := x.b.Bursts(); len(got) != 1 || got[0] != want {
		t.Fatalf("%+v", got)
	}
	if len(page.out) > 0 {
		t.Error("it is played as if it were said now")
	}
	wav, _ := x.b.Recall(l.Burst)
	if pcm, err := voice.DecodeWAV(wav); err != nil || len(pcm) != 100*voice.FrameSamples || loudness(pcm[:20*voice.FrameSamples]) < 60 {
		t.Errorf("%d samples, %v", len(pcm), err)
	}
	x.now = x.now.Add(9*time.Minute + 50*time.Second)
	if _, ok := x.b.Recall(l.Burst); !ok {
		t.Error("it is forgotten by when it was said, not by when it came")
	}
}

// The rest of a burst that was heard in part follows what was heard; what comes in
// another's name does not.
func TestTheRestOfABurstComesLate(t *testing.T) {
	x := newTalking(t, BridgeConfig{})
	x.burst(1, 7, 50, false)
	l := x.missed(1, 7, 100, -1)
	x.b.Late(l)
	if got := x.b.Bursts()[0]; got.Length != 3*time.Second || got.Heard || !got.Over || got.Genuine {
		t.Errorf("%+v; nobody has said that what was heard is genuine", got)
	}
	l.From.Label = "another"
	x.b.Late(l)
	if got := x.b.Bursts(); len(got) != 1 || got[0].Length != 3*time.Second || got[0].From != speaker(t) {
		t.Errorf("%+v", got)
	}
	l = x.missed(1, 7, 100, -1)
	l.Whole = true
	x.b.Late(l)
	if got := x.b.Bursts()[0]; got.Length != 2*time.Second || !got.Genuine {
		t.Errorf("all of it came: %+v", got)
	}
	if pieces, _ := x.b.recall.pieces(l.Burst); x.b.recall.size != spokenCost+pieces[0].cost()+pieces[1].cost() {
		t.Errorf("%d octets are counted", x.b.recall.size)
	}
	x.b.Close()
	x.b.Late(x.missed(1, 8, 10, -1))
	if got := len(x.b.Bursts()); got != 1 {
		t.Errorf("%d bursts: one came after the end", got)
	}
}
