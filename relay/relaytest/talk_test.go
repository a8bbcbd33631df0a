package relaytest_test

import (
	"context"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crossband/client"
	"crossband/client/voice"
	"crossband/proto"
	"crossband/relay/relaytest"
)

// beep is 20 ms of a steady tone, encoded once for all tests: 400 Hz fits
// eight times into a frame, so that it can be repeated without a click.
var beep = sync.OnceValue(func() []byte {
	enc, err := voice.NewEncoder()
	if err != nil {
		panic(err)
	}
	pcm := make([]int16, voice.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*400*float64(i)/voice.SampleRate))
	}
	var payload []byte
	for range 4 { // past the resampler's warm-up
		payload, _ = enc.Encode(pcm)
	}
	return payload
})

// beeps is a source of n frames of the tone, which release cuts short.
type beeps struct{ left atomic.Int64 }

func (b *beeps) Codec() voice.Codec { return voice.CodecPCMU }

func (b *beeps) Next() ([]byte, error) {
	if b.left.Add(-1) < 0 {
		return nil, io.EOF
	}
	return beep(), nil
}

// press is one press of push-to-talk on its way.
type press struct {
	t      *testing.T
	src    *beeps
	done   chan struct{}
	report client.TalkReport
	err    error

	granted chan struct{} // closed at the grant
	queued  chan string   // who holds the floor, when we wait for it
	warned  chan time.Duration
}

// endless is longer than any talk limit.
const endless = 1 << 30

// push presses on ch and says frames × 20 ms of tone.
func push(t *testing.T, ch *client.Channel, frames int, o client.TalkOptions) *press {
	p := &press{
		t: t, src: &beeps{}, done: make(chan struct{}), granted: make(chan struct{}),
		queued: make(chan string, 1), warned: make(chan time.Duration, 1),
	}
	p.src.left.Store(int64(frames))
	o.OnGrant = func(time.Duration) { close(p.granted) }
	o.OnQueue = func(_ int, holder proto.Name) { p.queued <- holder.String() }
	o.OnWarn = func(left time.Duration) { p.warned <- left }
	go func() { // ends with the burst
		defer close(p.done)
		p.report, p.err = ch.Talk(context.Background(), p.src, o)
	}()
	return p
}

// held waits for the grant.
func (p *press) held() *press {
	p.t.Helper()
	select {
	case <-p.granted:
	case <-p.done:
		if p.report.Granted.IsZero() {
			p.t.Fatalf("the floor was not granted: %v", p.err)
		}
	case <-time.After(time.Minute):
		p.t.Fatal("no word on the floor in a minute")
	}
	return p
}

// release lets the key go and waits for the burst's end.
func (p *press) release() client.TalkReport {
	p.t.Helper()
	p.src.left.Store(0)
	return p.well()
}

// well waits for the burst's end, which must be a good one.
func (p *press) well() client.TalkReport {
	p.t.Helper()
	if r := p.end(); r != nil {
		p.t.Fatalf("the burst ended with %v", r)
	}
	return p.report
}

// end waits for the burst's end and returns why it ended, nil if by itself.
func (p *press) end() *proto.Refusal {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(2 * time.Minute):
		p.t.Fatal("the burst did not end in two minutes")
	}
	if p.err == nil {
		return nil
	}
	return proto.AsRefusal(p.err)
}

// refused checks how a burst ended, and whom its refusal names.
func (p *press) refused(why string, want proto.Reason, named proto.Name) {
	p.t.Helper()
	r := p.end()
	if r == nil || r.Reason != want {
		p.t.Fatalf("%s: got %v, want reason %d", why, p.err, want)
	}
	if r.Detail != named.String() && named != (proto.Name{}) {
		p.t.Errorf("%s: the refusal names %q, want %q", why, r.Detail, named)
	}
}

// idle waits until e sees a free floor after the mark, and returns when.
func idle(t *testing.T, e *relaytest.Endpoint, m relaytest.Mark, why string) time.Time {
	t.Helper()
	_, at := relaytest.WaitAfter(t, e.Watch, m, why, func(f client.FloorChanged) bool { return f.Holder == proto.Name{} })
	return at
}

// taken waits until e sees who hold the floor after the mark.
func taken(t *testing.T, e *relaytest.Endpoint, m relaytest.Mark, who proto.Name, why string) client.FloorChanged {
	t.Helper()
	f, _ := relaytest.WaitAfter(t, e.Watch, m, why, func(f client.FloorChanged) bool { return f.Holder == who })
	return f
}

// heard waits until e has heard the whole burst and knows whose it was.
func heard(t *testing.T, e *relaytest.Endpoint, r client.TalkReport, why string) client.BurstHeard {
	t.Helper()
	return relaytest.Wait(t, e.Watch, why, func(h client.BurstHeard) bool { return h.Burst == r.Burst })
}
