package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/cmd/crossband/internal/clip"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// talked is a burst with whoever was to hear it.
type talked struct {
	report client.TalkReport
	err    error
}

// talk says a clip on the incident channel.
func (s *scene) talk(ctx context.Context, from *rig.Device, name string, o client.TalkOptions) talked {
	c, err := clip.Get(name)
	if err != nil {
		return talked{err: err}
	}
	src, err := voice.NewOggSource(c.Ogg)
	if err != nil {
		return talked{err: err}
	}
	r, err := from.Session.Channel(s.incident).Talk(ctx, src, o)
	return talked{r, err}
}

// burst says a whole clip and measures it at the listener's ear.
func (s *scene) burst(ctx context.Context, from, to *rig.Device, name string, o client.TalkOptions) error {
	t := s.talk(ctx, from, name, o)
	if t.err != nil {
		return fmt.Errorf("%s talks: %w", from.Short(), t.err)
	}
	s.report.Floor.Granted++
	heard, err := s.heard(ctx, to, t.report)
	if err != nil {
		return err
	}
	like, err := s.likeness(name, to, t.report)
	if err != nil {
		return err
	}
	s.report.Voice.similarities = append(s.report.Voice.similarities, like)
	c, _ := clip.Get(name)
	s.say("voice", "%s: «%s»", from.Short(), c.Words)
	s.say("", "floor after %.0f ms; %s heard %d of %d frames, likeness %.3f, %s",
		ms(t.report.Granted.Sub(t.report.Pressed)), to.Short(), heard.Frames, t.report.Sent, like, signed(heard))
	return nil
}

func signed(h client.BurstHeard) string {
	if h.Genuine {
		return "every frame signed by the device"
	}
	return fmt.Sprintf("%d frames signed", h.Verified)
}

// heard waits until a burst is over at a listener and counts it.
func (s *scene) heard(ctx context.Context, to *rig.Device, r client.TalkReport) (client.BurstHeard, error) {
	h, _, err := rig.Await(ctx, to, func(e client.BurstHeard) bool { return e.Burst == r.Burst })
	if err != nil {
		return h, err
	}
	v := &s.report.Voice
	v.Bursts++
	v.FramesSent += r.Sent
	v.FramesPlayed += h.Frames
	v.access = append(v.access, r.Granted.Sub(r.Pressed))
	for _, p := range to.Ear.Burst(r.Burst) {
		if !p.Conceal && int(p.Index) < len(r.Captured) {
			v.mouthToEar = append(v.mouthToEar, p.At.Sub(r.Captured[p.Index]))
		}
	}
	return h, nil
}

// likeness compares what a listener heard with the clip as it decodes here.
func (s *scene) likeness(name string, to *rig.Device, r client.TalkReport) (float64, error) {
	c, err := clip.Get(name)
	if err != nil {
		return 0, err
	}
	want, err := Decode(c.Ogg)
	if err != nil {
		return 0, err
	}
	var got []int16
	for _, p := range to.Ear.Burst(r.Burst) {
		got = append(got, p.PCM...)
	}
	return voice.Compare(want, got).Score, nil
}

// Decode turns an Ogg Opus clip into PCM: 48 kHz, mono.
func Decode(ogg []byte) ([]int16, error) {
	f, err := voice.ParseOggOpus(ogg)
	if err != nil {
		return nil, err
	}
	d, err := voice.NewDecoder(voice.CodecOpus)
	if err != nil {
		return nil, err
	}
	var pcm []int16
	for _, p := range f.Packets {
		frame, err := d.Decode(p)
		if err != nil {
			return nil, err
		}
		pcm = append(pcm, frame...)
	}
	return pcm, nil
}

// contend lets three want to talk: one talks, one is denied, one in an
// emergency takes the floor, and Canada may not talk at all.
func (s *scene) contend(ctx context.Context) error {
	first := make(chan talked, 1)
	granted := make(chan struct{})
	go func() { // ends with the burst
		first <- s.talk(ctx, s.agent, clip.HailEnglish, client.TalkOptions{OnGrant: func(time.Duration) { close(granted) }})
	}()
	select {
	case <-granted:
	case t := <-first:
		return fmt.Errorf("%s talks: %w", s.agent.Short(), t.err)
	case <-ctx.Done():
		return ctx.Err()
	}
	s.report.Floor.Granted++
	denied := s.talk(ctx, s.partner, clip.AnswerFrench, client.TalkOptions{})
	if err := s.expect(denied.err, proto.ReasonFloorTaken); err != nil {
		return fmt.Errorf("%s while another talks: %w", s.partner.Short(), err)
	}
	s.report.Floor.Denied++
	s.say("floor", "%s is denied: %v", s.partner.Short(), denied.err)
	silent := s.talk(ctx, s.mountie, clip.AnswerFrench, client.TalkOptions{})
	if err := s.expect(silent.err, proto.ReasonListenOnly); err != nil {
		return fmt.Errorf("the observer talks: %w", err)
	}
	s.report.Floor.Denied++
	s.report.Observer.Silent = proto.ReasonOf(silent.err) == proto.ReasonListenOnly
	s.say("floor", "%s may only listen: %v", s.mountie.Short(), silent.err)
	s.report.Observer.Heard = true
	if err := s.burst(ctx, s.guard, s.mountie, clip.AnswerSpanish, client.TalkOptions{Priority: proto.PriorityEmergency}); err != nil {
		s.report.Observer.Heard = false
		return err
	}
	t := <-first
	if err := s.expect(t.err, proto.ReasonPreempted); err != nil {
		return fmt.Errorf("the first talker: %w", err)
	}
	s.report.Floor.Preempted++
	s.say("floor", "%s lost the floor: %v", s.agent.Short(), t.err)
	return nil
}

func (s *scene) expect(err error, want proto.Reason) error {
	if err == nil {
		return errors.New("was not refused")
	}
	if got := proto.ReasonOf(err); got != want {
		return fmt.Errorf("refused for another reason than %d: %w", want, err)
	}
	return nil
}

// radioChecks presses shortly and often, for figures of the floor's access.
func (s *scene) radioChecks(ctx context.Context) error {
	const each = 10
	for i := range 2 * each {
		from, to := s.agent, s.guard
		if i%2 == 1 {
			from, to = s.guard, s.agent
		}
		src, err := shortSource()
		if err != nil {
			return err
		}
		r, err := from.Session.Channel(s.incident).Talk(ctx, src, client.TalkOptions{Queue: true})
		if err != nil {
			return fmt.Errorf("radio check of %s: %w", from.Short(), err)
		}
		s.report.Floor.Granted++
		if _, err := s.heard(ctx, to, r); err != nil {
			return err
		}
	}
	s.say("checks", "%d short presses from both sides, floor after %.0f ms (95 %%)", 2*each, ms(percentile(s.report.Voice.access, 95)))
	return nil
}

// shortSource is the first tenth of a second of a clip.
func shortSource() (voice.Source, error) {
	c, err := clip.Get(clip.AnswerFrench)
	if err != nil {
		return nil, err
	}
	src, err := voice.NewOggSource(c.Ogg)
	return &first{src, 5}, err
}

// first ends a source early.
type first struct {
	voice.Source
	left int
}

// Next implements voice.Source.
func (f *first) Next() ([]byte, error) {
	if f.left == 0 {
		return nil, io.EOF
	}
	f.left--
	return f.Source.Next()
}

// percentile is the smallest value that p percent of the list do not exceed.
func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted[max((len(sorted)*p+99)/100-1, 0)]
}
