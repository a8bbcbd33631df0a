package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link/lane"
)

// node is the contestant that this is about: a relay with its endpoints.
type node struct {
	o     Options
	size  Size
	dir   string
	path  string
	clock *clock

	agency   *rig.Agency
	channels []channel // of each talker
	trust    *identity.TrustStore
	units    []*unit
	process  *rig.Process
	stations []*station // the talkers first, then the listeners of the first channel, and so on
	readers  sync.WaitGroup
}

// start founds an agency, makes everybody's certificate and starts the relay.
func (n *node) start(ctx context.Context) (_ *rig.Process, err error) {
	if n.agency, n.channels, err = foundAgency(n.dir, n.size.Talkers); err != nil {
		return nil, err
	}
	if n.trust, err = trustOf(n.agency); err != nil {
		return nil, err
	}
	if n.units, err = certify(ctx, n.agency, n.size.endpoints()); err != nil {
		return nil, err
	}
	n.process, err = n.agency.StartRelay(n.o.Command("relay", "run", "--config", n.agency.Dir.RelayConfig()))
	return n.process, err
}

// errNoLane is why there are no figures for the lane where FIPS 140-3 is enforced: none
// is offered there.
var errNoLane = errors.New("no lane is offered; is FIPS 140-3 enforced?")

// connect links everybody.
func (n *node) connect(ctx context.Context) error {
	capabilities := []string{}
	if n.path == PathLane {
		capabilities = append(capabilities, lane.Capability)
	}
	n.stations = make([]*station, len(n.units))
	err := each(ctx, len(n.units), handshakesAtOnce, paceOf(len(n.units)), func(i int) (err error) {
		if n.stations[i], err = connect(ctx, n.units[i], n.trust, n.agency.Listen, capabilities); err != nil {
			return err
		}
		return n.check(n.stations[i])
	})
	for _, s := range n.stations {
		if s != nil {
			n.readers.Go(s.read) // ends with the link
		}
	}
	return err
}

// check looks whether a link uses the path that is to be measured.
func (n *node) check(s *station) error {
	switch has := s.conn.Has(lane.Capability); {
	case n.path == PathLane && !has:
		return errNoLane
	case n.path != PathLane && has:
		return fmt.Errorf("the link of %s has a lane, which it did not offer", s.unit.name)
	}
	return nil
}

// furnish makes the groups and subscribes everybody.
func (n *node) furnish(ctx context.Context) (all ends, err error) {
	for i := range n.channels {
		if err := n.furnishChannel(ctx, i, &all); err != nil {
			return all, fmt.Errorf("channel %d: %w", i+1, err)
		}
	}
	all.press = n.press
	return all, nil
}

func (n *node) furnishChannel(ctx context.Context, i int, all *ends) error {
	talker, c := n.stations[i], n.channels[i]
	first := n.size.Talkers + n.size.firstOf(i)
	listeners := n.stations[first : first+n.size.listenersOf(i)]
	kid, err := n.group(ctx, talker, listeners, c)
	if err != nil {
		return err
	}
	err = each(ctx, 1+len(listeners), requestsAtOnce, 0, func(j int) error {
		if j == 0 {
			return talker.subscribe(ctx, c.id)
		}
		return listeners[j-1].subscribe(ctx, c.id)
	})
	if err != nil {
		return err
	}
	all.mouths = append(all.mouths, &mouth{talker: uint16(i), listeners: len(listeners), kid: kid, send: func(frame []byte) {
		talker.conn.SendVoice(talker.alias, frame) // a frame not taken shows as loss
	}})
	for _, s := range listeners {
		e := &ear{clock: n.clock, talker: uint16(i)}
		all.ears = append(all.ears, e)
		n.readers.Go(func() { s.listen(e) }) // ends with the link
	}
	return nil
}

// requestsAtOnce is how many stations ask for something at one time.
const requestsAtOnce = 8

// press takes the floors of all channels.
func (n *node) press(ctx context.Context) (release func(), err error) {
	var given []func()
	release = func() {
		for _, back := range given {
			back()
		}
	}
	for i, c := range n.channels {
		back, err := n.stations[i].press(ctx, c.id)
		if err != nil {
			release()
			return nil, fmt.Errorf("channel %d: %w", i+1, err)
		}
		given = append(given, back)
	}
	return release, nil
}

// close ends the links, then the relay.
func (n *node) close() {
	each(context.Background(), len(n.stations), closeAtOnce, 0, func(i int) error {
		if n.stations[i] != nil {
			n.stations[i].dialer.Close()
		}
		return nil
	})
	n.readers.Wait()
	if n.process != nil {
		n.process.End(grace)
	}
}

// kidOf is the key identifier of a talker's frames.
func kidOf(leaf uint32, epoch uint64) (uint64, error) {
	return proto.ChannelKIDLayout().Compose(proto.KIDParts{Epoch: epoch, Leaf: leaf})
}
