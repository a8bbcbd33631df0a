package relay

import (
	"context"
	"errors"
	"fmt"
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

// closers ends what a yardstick's endpoints hold, from the newest on.
type closers struct {
	mu      sync.Mutex // guards list
	list    []func() error
	readers sync.WaitGroup
	process *rig.Process
}

func (c *closers) add(close func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, close)
}

func (c *closers) close() {
	each(context.Background(), len(c.list), closeAtOnce, 0, func(i int) error {
		c.list[i]()
		return nil
	})
	c.readers.Wait()
	if c.process != nil {
		c.process.End(grace)
	}
}

// newPlainParty starts a plain server and connects talkers and listeners to it.
func newPlainParty(ctx context.Context, o Options, dir string, size Size, c *clock) (p *party, err error) {
	dir = filepath.Join(dir, KindPlain)
	all := new(closers)
	p = &party{name: KindPlain, close: all.close}
	defer func() {
		if err != nil {
			all.close()
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	keys, err := yardstick.NewKeys(dir, time.Now())
	if err != nil {
		return nil, err
	}
	process, at, err := startYardstick(o, dir, KindPlain)
	if err != nil {
		return nil, err
	}
	p.process, all.process = process, process
	if p.rssBefore, err = settled(ctx, process); err != nil {
		return nil, err
	}
	ends := make([]*yardstick.Plain, size.Talkers+size.Listeners)
	err = each(ctx, len(ends), handshakesAtOnce, handshakePace, func(i int) error {
		e, err := keys.DialPlain(ctx, at, fmt.Sprint("bench-", i+1), size.groupOf(i))
		if err == nil {
			ends[i] = e
			all.add(e.Close)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.rssAfter, err = settled(ctx, process); err != nil {
		return nil, err
	}
	for _, e := range ends[size.Talkers:] {
		ear := &ear{clock: c}
		p.ears = append(p.ears, ear)
		all.readers.Go(func() { // ends with the connection
			for {
				b, err := e.Receive(context.Background())
				if err != nil {
					return
				}
				if _, frame, err := proto.ParseVoice(b); err == nil {
					ear.hear(frame)
				}
			}
		})
	}
	for i, e := range ends[:size.Talkers] {
		room := stationChannel.AppendVoice(nil)
		head := len(room)
		p.mouths = append(p.mouths, &mouth{listeners: size.listenersOf(i), header: plainHeader, send: func(frame []byte) {
			room = append(room[:head], frame...)
			e.Send(room) // an error shows as loss
		}})
	}
	return p, nil
}

// newFloorParty starts a floor and lets listeners join it.
func newFloorParty(ctx context.Context, o Options, dir string, size Size, c *clock) (p *party, err error) {
	dir = filepath.Join(dir, KindFloor)
	all := new(closers)
	p = &party{name: KindFloor, close: all.close}
	defer func() {
		if err != nil {
			all.close()
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	process, at, err := startYardstick(o, dir, KindFloor)
	if err != nil {
		return nil, err
	}
	p.process, all.process = process, process
	for i := range size.Listeners {
		l, err := yardstick.JoinFloor(ctx, at, size.groupOf(size.Talkers+i))
		if err != nil {
			return nil, err
		}
		all.add(l.Close)
		ear := &ear{clock: c}
		p.ears = append(p.ears, ear)
		all.readers.Go(func() { // ends with the socket
			for {
				frame, err := l.Receive()
				if errors.Is(err, yardstick.ErrPacket) {
					continue
				}
				if err != nil {
					return
				}
				ear.hear(frame)
			}
		})
	}
	for i := range size.Talkers {
		t, err := yardstick.DialFloor(at, size.groupOf(i))
		if err != nil {
			return nil, err
		}
		all.add(t.Close)
		p.mouths = append(p.mouths, &mouth{listeners: size.listenersOf(i), header: plainHeader, send: func(frame []byte) { t.Send(frame) }})
	}
	return p, nil
}
