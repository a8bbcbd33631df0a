package browsertest

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// TestPushToTalkIsHeard: what the browser's microphone says while the button is held is
// heard by a device beyond the border; nothing of what it says before and after.
func TestPushToTalkIsHeard(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	known := s.burstsBefore()
	p.hold(ptt(s.patrol))
	p.inState(s.patrol, "granted")
	time.Sleep(6 * time.Second) // more than the recording is long
	p.shot("on-air")
	p.accessible("on air")
	p.letGo()
	p.inState(s.patrol, "idle")
	heard := s.heardSince(t, known, s.patrol)
	if !heard.Genuine || heard.Forged > 0 {
		t.Errorf("not every frame was signed by the console's device: %+v", heard)
	}
	if like := likeLoop(t, clip.AnswerFrench, s.there.Ear.PCM(heard.Burst)); like < 0.5 {
		t.Errorf("what is heard is like what was said by %.3f", like)
	}
	if other := likeLoop(t, clip.AnswerSpanish, s.there.Ear.PCM(heard.Burst)); other > 0.4 {
		t.Errorf("the comparison finds other words too: %.3f", other)
	}
	time.Sleep(time.Second)
	if n := len(s.burstsBefore()); n != len(known)+1 {
		t.Errorf("%d bursts for one press", n-len(known))
	}
}

// TestOnePressOnSeveralChannels: what is said into the one button goes to every channel
// that was picked, each with a floor of its own.
func TestOnePressOnSeveralChannels(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	known := s.burstsBefore()
	for _, id := range []proto.ChannelID{s.calling, s.patrol} {
		p.click(strip(id) + " .check input")
	}
	p.hold(`[data-ptt="picked"]`)
	p.inState(s.calling, "granted")
	p.inState(s.patrol, "granted")
	time.Sleep(2 * time.Second)
	p.shot("on-air-on-two")
	p.letGo()
	first, second := s.heardSince(t, known, s.calling), s.heardSince(t, known, s.patrol)
	if like := voice.Compare(s.there.Ear.PCM(first.Burst), s.there.Ear.PCM(second.Burst)); like.Score < 0.5 || first.Burst == second.Burst {
		t.Errorf("the two channels hear alike by %.3f: %+v, %+v", like.Score, first, second)
	}
}

// burstsBefore are all bursts that the Mexican unit has heard so far.
func (s *stage) burstsBefore() map[proto.BurstID]bool {
	known := make(map[proto.BurstID]bool)
	for _, e := range rig.Every[client.BurstHeard](s.there) {
		known[e.Burst] = true
	}
	return known
}

// heardSince waits until the Mexican unit has heard the dispatcher on a channel, in a
// burst that is not known.
func (s *stage) heardSince(t *testing.T, known map[proto.BurstID]bool, id proto.ChannelID) client.BurstHeard {
	t.Helper()
	heard, _, err := rig.Await(patient(t), s.there, func(e client.BurstHeard) bool {
		return e.Channel == id && e.From == name(us, "desk/del-rio") && !known[e.Burst]
	})
	check(t, err)
	return heard
}

// likeLoop compares what was heard with a recording that is said over and over, from
// wherever it was when the button was pressed.
func likeLoop(t *testing.T, recording string, heard []int16) (most float64) {
	t.Helper()
	said, err := spoken(recording)
	check(t, err)
	for from := 0; from < len(said); from += voice.SampleRate {
		turned := append(append([]int16(nil), said[from:]...), said[:from]...)
		if len(heard) < len(turned) {
			t.Fatalf("only %d samples were heard, of %d", len(heard), len(turned))
		}
		most = max(most, voice.Compare(turned, heard[:len(turned)]).Score)
	}
	return most
}

// TestSpeechIsHeardInThePage: a unit's burst is shown with who speaks and from where, is
// heard in the browser, and can be heard again.
func TestSpeechIsHeardInThePage(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	p.quiet()
	said := make(chan error, 1)
	var report client.TalkReport
	go func() { // ends with the burst
		var err error
		report, err = say(t.Context(), s.there, s.patrol, clip.AnswerSpanish, 1, client.TalkOptions{})
		said <- err
	}()
	p.see(strip(s.patrol) + " .speaker:has-text('acuna-7'):has-text('gn.example')")
	p.loud()
	p.shot("speech-heard")
	check(t, <-said)
	p.see(strip(s.patrol) + " .nobody")
	p.quiet()
	p.tab("recall")
	again := `[data-recall="` + report.Burst.String() + `"]:not([disabled])`
	p.see(again)
	p.see("li.burst:has(" + again + ") :text('Signed')")
	status, wav := p.fetch("api/recall/"+report.Burst.String(), "GET", "", "")
	if status != 200 {
		t.Fatalf("recall answers %d", status)
	}
	pcm, err := voice.DecodeWAV(wav)
	check(t, err)
	want, err := spoken(clip.AnswerSpanish)
	check(t, err)
	if like := voice.Compare(want, pcm); like.Score < 0.5 {
		t.Errorf("what is heard again is like what was said by %.3f", like.Score)
	}
	p.click(again)
	p.until(`document.querySelector("audio").currentTime > 0.2`)
}

// TestContentionShowsTheHolder: while another speaks a press waits its turn and says who
// has the floor; it gets the floor when that one is done. An armed emergency takes it.
func TestContentionShowsTheHolder(t *testing.T) {
	s := onStage(t)
	p := s.dispatcher(t)
	p.quiet()
	first := make(chan error, 1)
	go func() { // ends with the burst
		_, err := say(t.Context(), s.unit, s.patrol, clip.HailEnglish, 1, client.TalkOptions{})
		first <- err
	}()
	p.see(strip(s.patrol) + " .speaker:has-text('del-rio-214')")
	p.hold(ptt(s.patrol))
	p.inState(s.patrol, "queued")
	p.see(ptt(s.patrol) + ":has-text('1')")
	p.see(strip(s.patrol) + " .speaker:has-text('del-rio-214')") // who is waited for
	p.shot("contention")
	p.inState(s.patrol, "granted")
	check(t, <-first)
	p.letGo()
	p.inState(s.patrol, "idle")

	go func() { // ends with the burst
		_, err := say(t.Context(), s.unit, s.patrol, clip.HailEnglish, 2, client.TalkOptions{Queue: true})
		first <- err
	}()
	p.see(strip(s.patrol) + " .speaker:has-text('del-rio-214')")
	p.click(".priority .danger")
	p.hold(ptt(s.patrol))
	p.inState(s.patrol, "granted")
	if err := <-first; proto.ReasonOf(err) != proto.ReasonPreempted {
		t.Errorf("who spoke before the emergency is told: %v", err)
	}
	p.letGo()
	p.inState(s.patrol, "idle")
}

// say says a recording on a channel, some times over.
func say(ctx context.Context, d *rig.Device, id proto.ChannelID, recording string, times int, o client.TalkOptions) (client.TalkReport, error) {
	c, err := clip.Get(recording)
	if err != nil {
		return client.TalkReport{}, err
	}
	f, err := voice.ParseOggOpus(c.Ogg)
	if err != nil {
		return client.TalkReport{}, err
	}
	return d.Session.Channel(id).Talk(ctx, &packets{slices.Repeat(f.Packets, times)}, o)
}

// packets is a voice.Source of Opus.
type packets struct{ left [][]byte }

func (p *packets) Codec() voice.Codec { return voice.CodecOpus }

func (p *packets) Next() ([]byte, error) {
	if len(p.left) == 0 {
		return nil, io.EOF
	}
	b := p.left[0]
	p.left = p.left[1:]
	return b, nil
}
