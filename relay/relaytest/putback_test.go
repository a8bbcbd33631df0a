package relaytest_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"crossband/client"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/relaytest"
)

// copyOf is a backup of a device's state.
func copyOf(t *testing.T, s client.State) client.State {
	t.Helper()
	keys, err := s.Keys()
	ok(t, err)
	c := client.NewMemoryState()
	for _, k := range keys {
		v, err := s.Load(k)
		ok(t, err)
		ok(t, c.Save(k, bytes.Clone(v)))
	}
	return c
}

// reuse watches the voice that a device of Mexico sends: a header is a key and a
// counter, and under one header there may be one frame only.
type reuse struct {
	mu     sync.Mutex // guards what follows
	frames map[string][]byte
	twice  int
}

func (r *reuse) watch(m *relaytest.Middle, us proto.Agency) {
	r.frames = make(map[string][]byte)
	m.TamperVoice(func(toward proto.Agency, _ proto.Alias, f []byte) [][]byte {
		if _, n, err := proto.ParseSFrameHeader(f); err == nil && toward == us {
			r.mu.Lock()
			if old, seen := r.frames[string(f[:n])]; seen && !bytes.Equal(old, f) {
				r.twice++
			}
			r.frames[string(f[:n])] = bytes.Clone(f)
			r.mu.Unlock()
		}
		return [][]byte{f}
	})
}

func (r *reuse) check(t *testing.T, why string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.frames) == 0 {
		t.Errorf("%s: no voice was seen: the test shows nothing", why)
	}
	if r.twice > 0 {
		t.Errorf("%s: %d voice keys were used with one counter for two frames", why, r.twice)
	}
}

// TestADeviceWhoseStateWasPutBackComesInAnew: a device's folder is put back from
// a backup, after it has written and talked since. It would seal with keys that
// have been used. It finds its own later texts in the log, says so, reads on
// what it can, and comes in again with new keys before it says anything.
func TestADeviceWhoseStateWasPutBackComesInAnew(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		var r reuse
		r.watch(m, p.border.us.Name)
		id, state := p.border.mx.Identity("unit/restored"), client.NewMemoryState()
		e := p.border.mx.EndpointWith(id, state)
		ch := e.MustJoin(p.group)
		time.Sleep(2 * time.Second)
		backup := copyOf(t, state)
		for _, text := range []string{"one", "two"} {
			if _, err := ch.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
		}
		push(t, ch, 20, client.TalkOptions{}).well()
		if _, err := p.us.Text(minute(t), "between"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		before, _ := ch.Epoch()
		e.Close()
		time.Sleep(time.Second)

		// The log does not come at once: it must be waited for.
		held := time.Now().Add(15 * time.Second)
		m.Tamper(func(x relaytest.Passing) []*wire.Frame {
			if x.Toward == p.border.mx.Name && x.Frame.GetEntries() != nil && x.Frame.Re != 0 && time.Now().Before(held) {
				return nil
			}
			return []*wire.Frame{x.Frame}
		})
		e = p.border.mx.EndpointWith(id, backup)
		ch = e.Channel(p.group)
		said := make(chan error, 1)
		go func() { _, err := ch.Text(minute(t), "after the backup"); said <- err }() // ends with its answer
		a := relaytest.Wait(t, e.Watch, "it says that its state is old", func(a client.Alarm) bool { return a.Channel == p.group })
		if a.Why.Reason != proto.ReasonRolledBack {
			t.Errorf("alarmed for %v, want reason %d", a.Why, proto.ReasonRolledBack)
		}
		relaytest.Wait(t, e.Watch, "it is in again", func(j client.Joined) bool { return j.Channel == p.group })
		<-said // refused while the state was old, or sealed anew: both are well
		if now, _ := ch.Epoch(); now <= before {
			t.Errorf("in epoch %d, it had used keys in %d", now, before)
		}
		if got := texts(e, p.group); len(got) != 1 || got[0] != "between" {
			t.Errorf("shown %q, want what others said since the backup", got)
		}
		if _, err := ch.Text(minute(t), "with new keys"); err != nil {
			t.Error(err)
		}
		relaytest.Wait(t, p.agent.Watch, "the others read on", func(x client.TextReceived) bool { return x.Text == "with new keys" })
		push(t, ch, 20, client.TalkOptions{}).well()
		time.Sleep(time.Second)
		sameView(t, p.group, p.agent, p.guard, e)
		for _, o := range []*relaytest.Endpoint{p.agent, p.guard} {
			if n := len(relaytest.Find[client.Alarm](o.Watch)); n > 0 {
				t.Errorf("%s raised %d alarms: it was not its affair", o.Name(), n)
			}
		}
		r.check(t, "a state that was put back")
	})
}

// TestAnOldStateIsStillOldAfterARestart: a device that was put back from a backup
// stops before it could come in again. Its next run seals nothing by the old state
// either, and says so: what is said waits, and is read once the hub is back.
func TestAnOldStateIsStillOldAfterARestart(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		p := newPatrol(t, b)
		id, state := b.mx.Identity("unit/restored"), client.NewMemoryState()
		e := b.mx.EndpointWith(id, state)
		ch := e.MustJoin(b.group)
		time.Sleep(2 * time.Second)
		backup := copyOf(t, state)
		for _, text := range []string{"one", "two", "three"} {
			if _, err := ch.Text(minute(t), text); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		e.Close()
		b.Net.Cut(b.us.Addr, b.mx.Addr)
		time.Sleep(30 * time.Second)
		said := []string{"in the first run", "in the second run"}
		for _, text := range said {
			e = b.mx.Dial(id, backup)
			a := relaytest.Wait(t, e.Watch, "it says that its state is old", func(a client.Alarm) bool { return a.Channel == b.group })
			if a.Why.Reason != proto.ReasonRolledBack {
				t.Errorf("alarmed for %v, want reason %d", a.Why, proto.ReasonRolledBack)
			}
			time.Sleep(5 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			_, err := e.Channel(b.group).Text(ctx, text)
			cancel()
			if !errors.Is(err, client.ErrWaiting) {
				t.Errorf("a text %s: %v, want that it waits: its keys have been used", text, err)
			}
			if text == said[0] {
				e.Close()
				time.Sleep(time.Second)
			}
		}
		mark := p.agent.Watch.Mark()
		b.Net.Mend(b.us.Addr, b.mx.Addr)
		for _, text := range said {
			relaytest.WaitAfter(t, p.agent.Watch, mark, "it is read", func(x client.TextReceived) bool { return x.Text == text })
		}
		for _, x := range p.agent.Watch.After(mark) {
			switch x.(type) {
			case client.Missed, client.Gap, client.Alarm:
				t.Errorf("the agent has lost something: %T %+v", x, x)
			}
		}
	})
}

// TestVoiceKeysDifferAfterAStateWasPutBack: who has only talked since the backup
// leaves nothing in the log. Its voice keys differ all the same.
func TestVoiceKeysDifferAfterAStateWasPutBack(t *testing.T) {
	between(t, func(t *testing.T, p *patrol, m *relaytest.Middle) {
		var r reuse
		r.watch(m, p.border.us.Name)
		id, state := p.border.mx.Identity("unit/restored"), client.NewMemoryState()
		e := p.border.mx.EndpointWith(id, state)
		e.MustJoin(p.group)
		time.Sleep(2 * time.Second)
		e.Close()
		backup := copyOf(t, state)
		for _, s := range []client.State{state, backup, copyOf(t, backup)} {
			time.Sleep(2 * time.Second)
			talkOnce(t, p, id, s)
		}
		r.check(t, "three starts from one state")
	})
}

func talkOnce(t *testing.T, p *patrol, id *identity.Identity, s client.State) {
	t.Helper()
	e := p.border.mx.EndpointWith(id, s)
	time.Sleep(time.Second)
	report := push(t, e.Channel(p.group), 20, client.TalkOptions{}).well()
	if h := heard(t, p.agent, report, "it is heard"); h.Frames != report.Sent || !h.Genuine {
		t.Errorf("heard %+v of %d frames", h, report.Sent)
	}
	e.Close()
}
