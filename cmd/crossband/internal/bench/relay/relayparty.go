package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/suite"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/wire"

	charters "crossband/crypto/charter"
)

// relayWorld is a relay with all of its endpoints.
type relayWorld struct {
	o        Options
	agency   *rig.Agency
	channels []channel
	process  *rig.Process
	stations []*station // the talkers first, then the listeners of the first channel, and so on
	readers  sync.WaitGroup
}

// newRelayParty founds an agency, starts its relay, and connects so many talkers and
// listeners to it, on a path.
func newRelayParty(ctx context.Context, o Options, dir, path string, size Size, c *clock) (p *party, err error) {
	w := &relayWorld{o: o}
	p = &party{name: "relay, path " + path, close: w.close}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.agency, w.channels, err = foundAgency(dir, size.Talkers); err != nil {
		return nil, err
	}
	ids, err := certify(ctx, w.agency, size.Talkers+size.Listeners)
	if err != nil {
		return nil, err
	}
	if w.process, err = w.agency.StartRelay(o.Command("relay", "run", "--config", w.agency.Dir.RelayConfig())); err != nil {
		return nil, err
	}
	p.process = w.process
	if p.rssBefore, err = settled(ctx, w.process); err != nil {
		return nil, err
	}
	var capabilities []string
	if path == PathLane {
		capabilities = []string{capabilityLane}
	}
	w.stations, err = connectAll(ctx, ids, w.agency.Listen, capabilities)
	w.readAll()
	if err != nil {
		return nil, err
	}
	if err := w.check(path); err != nil {
		return nil, err
	}
	if p.rssAfter, err = settled(ctx, w.process); err != nil {
		return nil, err
	}
	return p, w.furnish(ctx, p, size, c)
}

// readAll has the frames of all links read.
func (w *relayWorld) readAll() {
	for _, s := range w.stations {
		if s != nil {
			w.readers.Go(s.read) // ends with the link
		}
	}
}

// errNoLane is why a build that knows no lane has no figures for it.
var errNoLane = errors.New("this build has no lane")

// check looks whether the links use the path that is to be measured.
func (w *relayWorld) check(path string) error {
	for _, s := range w.stations {
		switch has := s.conn.Has(capabilityLane); {
		case path == PathLane && !has:
			return errNoLane
		case path != PathLane && has:
			return fmt.Errorf("the link of %s has a lane, which it did not offer", s.id.Name)
		}
	}
	return nil
}

// furnish creates the groups, subscribes everybody, and gives the party its talkers
// and listeners.
func (w *relayWorld) furnish(ctx context.Context, p *party, size Size, c *clock) error {
	talkers, listeners := w.stations[:size.Talkers], w.stations[size.Talkers:]
	for i, t := range talkers {
		mine := share(listeners, i, size.Talkers)
		leaf, epoch, err := w.found(ctx, t, w.channels[i])
		if err != nil {
			return fmt.Errorf("channel %d: %w", i+1, err)
		}
		kid, err := proto.ChannelKIDLayout().Compose(proto.KIDParts{Epoch: epoch, Leaf: leaf})
		if err != nil {
			return err
		}
		all := append([]*station{t}, mine...)
		if err := each(ctx, len(all), requestsAtOnce, 0, func(j int) error { return all[j].subscribe(ctx, w.channels[i].id) }); err != nil {
			return err
		}
		p.mouths = append(p.mouths, &mouth{
			listeners: len(mine),
			header:    func(n uint64) proto.SFrameHeader { return proto.SFrameHeader{KID: kid, CTR: firstCounter + n} },
			send:      func(frame []byte) { t.conn.SendVoice(t.alias, frame) },
		})
		for _, s := range mine {
			e := &ear{clock: c}
			p.ears = append(p.ears, e)
			w.readers.Go(func() { s.listen(e) }) // ends with the link
		}
	}
	p.press = func(ctx context.Context) (func(), error) { return w.press(ctx, talkers) }
	return nil
}

// requestsAtOnce is how many stations ask for something at one time.
const requestsAtOnce = 8

// share returns the i-th of n nearly equal parts.
func share[T any](all []T, i, n int) []T {
	return all[len(all)*i/n : len(all)*(i+1)/n]
}

// found creates a channel's group with its talker, and returns the talker's place.
func (w *relayWorld) found(ctx context.Context, t *station, c channel) (leaf uint32, epoch uint64, err error) {
	trust, err := t.id.TrustStore(time.Now())
	if err != nil {
		return 0, 0, err
	}
	me := mls.Identity{Signer: t.id.Key, Credential: tree.X509(t.id.Chain...)}
	g, err := mls.Create(me, mls.CreateOptions{
		GroupID: c.id[:], Suite: suite.ID(c.rules.Suite), Extensions: tree.Extensions{{Type: tree.ExtensionCharter, Data: c.signed}}, Now: time.Now(),
		Verifier: &policy.Gate{Judge: charters.Judge{Trust: trust}, Charter: c.rules, Signed: c.signed},
	})
	if err != nil {
		return 0, 0, err
	}
	info, err := g.GroupInfo(true)
	if err != nil {
		return 0, 0, err
	}
	_, err = t.call(ctx, &wire.Frame{Body: &wire.Frame_CreateChannel{CreateChannel: &wire.CreateChannel{Charter: c.signed, GroupInfo: info}}})
	return uint32(g.OwnLeaf()), uint64(g.Epoch()), err
}

// press takes the floors of all channels.
func (w *relayWorld) press(ctx context.Context, talkers []*station) (release func(), err error) {
	var given []func()
	release = func() {
		for _, back := range given {
			back()
		}
	}
	for i, t := range talkers {
		back, err := t.press(ctx, w.channels[i].id)
		if err != nil {
			release()
			return nil, err
		}
		given = append(given, back)
	}
	return release, nil
}

// close ends the links, then the relay.
func (w *relayWorld) close() {
	each(context.Background(), len(w.stations), closeAtOnce, 0, func(i int) error {
		if w.stations[i] == nil {
			return nil
		}
		return w.stations[i].dialer.Close()
	})
	w.readers.Wait()
	if w.process != nil {
		w.process.End(grace)
	}
}

// closeAtOnce is how many links are closed at one time; each takes its leave.
const closeAtOnce = 64

// grace is how long a process may take to end.
const grace = 5 * time.Second

// settled waits until a process has had time to give back what it used for a while,
// and returns its resident memory.
func settled(ctx context.Context, p *rig.Process) (int, error) {
	if err := sleep(ctx, settle); err != nil {
		return 0, err
	}
	if p.Ended() {
		return 0, fmt.Errorf("the process to be measured has ended: %w", p.Err())
	}
	return residentOf(p.Pid())
}

const settle = 3 * time.Second

// startYardstick starts one of the yardsticks on a free port.
func startYardstick(o Options, dir, kind string) (*rig.Process, *net.UDPAddr, error) {
	at, err := rig.FreePort()
	if err != nil {
		return nil, nil, err
	}
	p, ready, err := rig.Start(rig.Command{
		Args: o.Command(YardstickCommand, "--kind", kind, "--listen", at.String(), "--dir", dir), Log: filepath.Join(dir, kind+".log"),
	})
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-ready:
		return p, at, nil
	case <-p.Done():
		return nil, nil, fmt.Errorf("the %s yardstick did not start: %w", kind, p.Err())
	}
}
