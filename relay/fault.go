package relay

import (
	"fmt"
	"runtime/debug"
	"time"

	"crossband/proto"
)

// contain ends one link whose reader has failed by a fault of ours, and keeps
// the others: a reader owns nothing but octets, so nothing is left half done.
// The loop is not contained: a hub that failed within a change may be half
// changed, and then the process must end and be started again.
func (n *Node) contain(p *port) {
	fault := recover()
	if fault == nil {
		return
	}
	n.counters.faults.Add(1)
	n.log.Error("a link's reader failed", "peer", p.conn.Peer().String(), "when", stamp(time.Now()), "fault", faultText(fault), "stack", string(debug.Stack()))
	p.conn.Close(proto.Refuse(proto.ReasonInternal, ""))
}

// faultText is what a panic said. A value that is neither an error nor a text
// is told by its type alone: it might hold what no log may.
func faultText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case string:
		return v
	}
	return fmt.Sprintf("%T", v)
}
