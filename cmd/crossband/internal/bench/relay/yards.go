package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/bench/relay/yardstick"
	"crossband/cmd/crossband/internal/rig"
	"crossband/proto"
)

// YardstickCommand is the hidden command by which a yardstick's process is started.
const YardstickCommand = "bench-yardstick"

// The yardsticks.
const (
	KindPlain = "plain"
	KindFloor = "floor"
)

// yard is what both yardsticks are made of.
type yard struct {
	o     Options
	size  Size
	dir   string
	clock *clock

	process *rig.Process
	at      *net.UDPAddr
	readers sync.WaitGroup
}

// begin starts the yardstick's process.
func (y *yard) begin(kind string) (*rig.Process, error) {
	at, err := rig.FreePort()
	if err != nil {
		return nil, err
	}
	p, ready, err := rig.Start(rig.Command{
		Args: y.o.Command(YardstickCommand, "--kind", kind, "--listen", at.String(), "--dir", y.dir), Log: filepath.Join(y.dir, kind+".log"),
	})
	if err != nil {
		return nil, err
	}
	y.process, y.at = p, at
	select {
	case <-ready:
		return p, nil
	case <-p.Done():
		return nil, fmt.Errorf("the %s yardstick did not start: %w", kind, p.Err())
	}
}

func (y *yard) end() {
	y.readers.Wait()
	if y.process != nil {
		y.process.End(grace)
	}
}

// closeAtOnce is how many links are closed at one time: each takes its leave.
const closeAtOnce = 64

// grace is how long a process may take to end.
const grace = 5 * time.Second

// plain is the plain fan-out and its endpoints.
type plain struct {
	yard
	endpoints []*yardstick.Plain // talkers first
	keys      *yardstick.Keys
}

func (p *plain) start(context.Context) (_ *rig.Process, err error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	if p.keys, err = yardstick.NewKeys(p.dir, time.Now()); err != nil {
		return nil, err
	}
	return p.begin(KindPlain)
}

func (p *plain) connect(ctx context.Context) error {
	p.endpoints = make([]*yardstick.Plain, p.size.endpoints())
	return each(ctx, len(p.endpoints), handshakesAtOnce, paceOf(len(p.endpoints)), func(i int) (err error) {
		p.endpoints[i], err = p.keys.DialPlain(ctx, p.at, fmt.Sprint("bench-", i+1), p.size.groupOf(i))
		return err
	})
}

func (p *plain) furnish(context.Context) (all ends, err error) {
	for i, e := range p.endpoints[:p.size.Talkers] {
		head := stationChannel.AppendVoice(nil)
		all.mouths = append(all.mouths, &mouth{talker: uint16(i), listeners: p.size.listenersOf(i), kid: yardKID, send: func(frame []byte) {
			e.Send(append(head, frame...)) // an error shows as loss
		}})
	}
	for i, e := range p.endpoints[p.size.Talkers:] {
		ear := &ear{clock: p.clock, talker: p.size.groupOf(p.size.Talkers + i)}
		all.ears = append(all.ears, ear)
		p.readers.Go(func() { listenPlain(e, ear) }) // ends with the connection
	}
	return all, nil
}

// yardKID makes frames as long as a relay's: yardsticks look at no frame.
const yardKID = 1 << 16

func listenPlain(p *yardstick.Plain, e *ear) {
	for {
		b, err := p.Receive(context.Background())
		if err != nil {
			return
		}
		if _, frame, err := proto.ParseVoice(b); err == nil {
			e.hear(frame)
		}
	}
}

func (p *plain) close() {
	each(context.Background(), len(p.endpoints), closeAtOnce, 0, func(i int) error {
		if p.endpoints[i] != nil {
			p.endpoints[i].Close()
		}
		return nil
	})
	p.end()
}

// floor is the floor and its endpoints.
type floor struct {
	yard
	talkers   []*yardstick.Talker
	listeners []*yardstick.Listener
}

func (f *floor) start(context.Context) (*rig.Process, error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	return f.begin(KindFloor)
}

func (f *floor) connect(ctx context.Context) error {
	for i := range f.size.Talkers {
		t, err := yardstick.DialFloor(f.at, f.size.groupOf(i))
		if err != nil {
			return err
		}
		f.talkers = append(f.talkers, t)
	}
	for i := range f.size.Listeners {
		l, err := yardstick.JoinFloor(ctx, f.at, f.size.groupOf(f.size.Talkers+i))
		if err != nil {
			return err
		}
		f.listeners = append(f.listeners, l)
	}
	return nil
}

func (f *floor) furnish(context.Context) (all ends, err error) {
	for i, t := range f.talkers {
		all.mouths = append(all.mouths, &mouth{talker: uint16(i), listeners: f.size.listenersOf(i), kid: yardKID, send: func(frame []byte) { t.Send(frame) }})
	}
	for i, l := range f.listeners {
		e := &ear{clock: f.clock, talker: f.size.groupOf(f.size.Talkers + i)}
		all.ears = append(all.ears, e)
		f.readers.Go(func() { listenFloor(l, e) }) // ends with the socket
	}
	return all, nil
}

func listenFloor(l *yardstick.Listener, e *ear) {
	for {
		frame, err := l.Receive()
		if errors.Is(err, yardstick.ErrPacket) {
			continue
		}
		if err != nil {
			return
		}
		e.hear(frame)
	}
}

func (f *floor) close() {
	for _, t := range f.talkers {
		t.Close()
	}
	for _, l := range f.listeners {
		l.Close()
	}
	f.end()
}
