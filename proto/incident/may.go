package incident

import "crossband/proto"

// May lists what by may say now of a hail, in the order of the states: what Reply
// would take, but for Received, which devices say by themselves, and for what Reply
// lets pass of a hail in doubt.
func (b *Book) May(id proto.MessageID, by proto.Name) (list []proto.HailState) {
	c := b.active[id]
	if c == nil {
		return nil
	}
	side, ok := c.side(by)
	role := b.RoleOf(id, by)
	if !ok || side == proto.SideCalled && role != (proto.Name{}) && c.part(by, role) == nil {
		return nil
	}
	for next := proto.HailAccepted; next <= proto.HailReleased; next++ {
		if b.may(c, next, side, by, role) {
			list = append(list, next)
		}
	}
	return list
}

func (b *Book) may(c *Call, next proto.HailState, side proto.Side, by, role proto.Name) bool {
	if side == proto.SideCaller {
		return c.State.CanBecome(next, side)
	}
	switch next {
	case proto.HailAccepted:
		return c.open()
	case proto.HailDeclined:
		_, err := b.mayDecline(c, by, c.part(by, role))
		return err == nil
	case proto.HailCommitted, proto.HailReleased:
		return c.State.CanBecome(next, side) && c.heldBy(by)
	}
	return false
}
