package link

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crossband/proto"
)

// pipe is a quic.Conn as its caller sees it: while it is stuck it blocks.
type pipe struct {
	began time.Time

	mu    sync.Mutex
	stuck chan struct{} // nil when it flows; closed to free who waits
	over  bool
	delay []time.Duration // of each frame, when it was handed over
	order []byte          // what the frames said
	calls int             // under way
}

func (p *pipe) SendDatagram(b []byte) error {
	p.mu.Lock()
	if p.calls++; p.calls > 1 {
		panic("two senders on one link")
	}
	p.delay = append(p.delay, time.Since(p.began)-time.Duration(b[1])*10*time.Millisecond)
	p.order = append(p.order, b[1])
	stuck, over := p.stuck, p.over
	p.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls--
	if over || p.over {
		return errors.New("over")
	}
	return nil
}

func (p *pipe) stick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck = make(chan struct{})
}

func (p *pipe) flow(over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.stuck)
	p.stuck, p.over = nil, over
}

// TestBlockedSendersDelayNobody has eight of ten links stuck, then one by one
// free, while frames come each 10 ms.
func TestBlockedSendersDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newVoiceSenders()
		const links, stuck = 10, 8
		var pipes []*pipe
		var queues []*voiceQueue
		for range links {
			p := &pipe{began: time.Now()}
			pipes = append(pipes, p)
			queues = append(queues, &voiceQueue{senders: s, out: p, most: 64})
		}
		for i := range 200 {
			for _, q := range queues {
				q.push(voiceFrame{queued: s.at(time.Now()), alias: 1, frame: []byte{byte(i)}})
			}
			switch {
			case i == 50:
				for _, p := range pipes[:stuck] {
					p.stick()
				}
			case i == 100:
				synctest.Wait()
				if n := s.running.Load(); n < stuck+1 || n > links+1 {
					t.Errorf("%d senders with %d links stuck", n, stuck)
				}
			case i >= 150 && i < 150+stuck:
				pipes[i-150].flow(false)
			}
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if n := s.running.Load(); n > int64(s.spare) {
			t.Errorf("%d senders with nothing to do, %d are to stay", n, s.spare)
		}
		for i, p := range pipes {
			lost := 200 - len(p.order)
			drops := queues[i].missed.drops()
			if drops.Full+drops.Stale != uint64(lost) || queues[i].sent.Load() != uint64(len(p.order)) {
				t.Errorf("link %d: %d frames were handed over, drops %+v", i, len(p.order), drops)
			}
			if i >= stuck && lost > 0 || i < stuck && (lost < 80 || lost > 110) {
				t.Errorf("link %d lost %d frames", i, lost)
			}
			most := proto.VoiceQueue
			if i >= stuck {
				most = 0
			}
			for k, d := range p.delay {
				if d > most || k > 0 && p.order[k] <= p.order[k-1] {
					t.Errorf("link %d: frame %d came after %v, behind frame %d", i, p.order[k], d, p.order[k-1])
				}
			}
			if p.order[len(p.order)-1] != 199 {
				t.Errorf("link %d: the newest frame was not handed over", i)
			}
		}
		s.close()
	})
}

// TestEndOfStuckLink: a link's end waits for its sender, which the connection's
// end sets free, and takes nothing afterwards.
func TestEndOfStuckLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newVoiceSenders()
		p := &pipe{began: time.Now()}
		q := &voiceQueue{senders: s, out: p, most: 8}
		push := func() bool { return q.push(voiceFrame{queued: s.at(time.Now()), alias: 1, frame: []byte{0}}) }
		p.stick()
		for range 4 {
			push()
			synctest.Wait()
		}
		q.sound()
		ended := make(chan struct{})
		go func() { q.abandon(); close(ended) }() // ends when the sender is free
		synctest.Wait()
		select {
		case <-ended:
			t.Error("the queue's end did not wait for its sender")
		default:
		}
		p.flow(true)
		<-ended
		if push() {
			t.Error("a frame was taken behind the end")
		}
		if want := (VoiceDrops{Closed: 5}); q.missed.drops() != want || q.sent.Load() != 0 || q.depth.Load() != 0 {
			t.Errorf("drops %+v, %d sent, want %+v", q.missed.drops(), q.sent.Load(), want)
		}
		s.close()
	})
}
