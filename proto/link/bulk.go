package link

import (
	"context"
	"net"
	"slices"
	"time"

	"crossband/proto"
)

// A bulk link lies beside a live link of the same two parties and has a congestion
// window of its own, so that what is large and not urgent takes nothing of the one
// that voice has. It carries the kinds of proto.IsBulk and no voice. Whether there is
// a live link that it belongs to is for the owners of links to judge.

// DialBulk is Dial for a bulk link. A listener that does not offer it is refused: one
// of before there were bulk links would take it for a live one. Who dials has a live
// link, on which proto.CapabilityBulk is in force.
func (d *Dialer) DialBulk(ctx context.Context, addr net.Addr, expect Expect) (*Conn, error) {
	return d.dialMember(ctx, addr, expect, true)
}

// Bulk reports whether this is a bulk link.
func (c *Conn) Bulk() bool { return c.ends.bulk }

// mayBeBulk refuses a bulk link that was not agreed on, or that a newcomer wants.
func (t terms) mayBeBulk(peer proto.Name) error {
	if peer == (proto.Name{}) || !slices.Contains(t.capabilities, proto.CapabilityBulk) {
		return proto.Refuse(proto.ReasonForbidden, "a bulk link was not agreed on")
	}
	return nil
}

func (e ends) state() proto.State {
	if e.bulk {
		return proto.GreetedBulk
	}
	return proto.Greeted
}

// slowest is the least rate, in octets a second, at which the body of a frame must
// come: over a bulk link half of the least at which one is sent.
func (e ends) slowest() int {
	if e.bulk {
		return slowestBulk / 2
	}
	return 32 << 10
}

// refuseVoice ends a bulk link on which voice comes.
func (c *Conn) refuseVoice() {
	if _, err := c.receiveVoice(context.Background()); err == nil {
		c.Close(proto.Refuse(proto.ReasonForbidden, "voice on a bulk link"))
	}
}

// writePiece writes to the control stream, on a bulk link at its pace.
func (c *Conn) writePiece(b []byte) bool {
	if !c.ends.bulk {
		return c.write(b)
	}
	late := time.NewTimer(0)
	defer late.Stop()
	for {
		n := min(len(b), c.pace.piece())
		if !c.write(b[:n]) {
			return false
		}
		b = b[n:]
		late.Reset(c.pace.sent(n, time.Now(), c.quic.ConnectionStats().LatestRTT))
		select { // behind the last piece too: the next frame is not to follow at once
		case <-late.C:
		case <-c.quic.Context().Done():
			return false
		}
		if len(b) == 0 {
			return true
		}
	}
}
