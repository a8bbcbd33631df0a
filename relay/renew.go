package relay

import (
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/wire"
)

// renewRetry is how long to wait before asking again for a certificate.
const renewRetry = time.Minute

// planRenewal sets the time of the next renewal.
func (l *loop) planRenewal() {
	at, err := l.n.identity.Load().RenewAt()
	if err != nil {
		l.n.log.Error("certificate cannot be renewed", "why", err.Error())
		return
	}
	l.renewAt = at
}

// askRenewal returns the request that the hub takes to the authority's link.
// It is asked again after renewRetry unless the answer comes first.
func (l *loop) askRenewal(now time.Time) *wire.Frame {
	l.renewAt = now.Add(renewRetry)
	id := l.n.identity.Load()
	r, err := identity.NewRenewal(id, id.Key, now)
	if err != nil {
		l.n.log.Error("certificate cannot be renewed", "why", err.Error())
		return nil
	}
	l.renewal = r
	return &wire.Frame{Id: 1, Body: &wire.Frame_Enrol{Enrol: &wire.Enrol{Request: r.Request(), Renewal: true}}}
}

// answerToSelf takes what the hub says to the node itself: the answer to its
// renewal. Everything else concerns links.
func (l *loop) answerToSelf(f *wire.Frame) {
	if why := f.GetRefused(); why != nil {
		l.n.record(act{what: "renew", line: "renewal refused", where: "relay", result: proto.Refuse(proto.Reason(why.Code), why.Detail)})
		return
	}
	reply := f.GetEnrolReply()
	if reply == nil || l.renewal == nil {
		return
	}
	id, err := l.renewal.Finish(reply.Reply, time.Now())
	if err != nil {
		l.n.record(act{what: "renew", line: "renewal refused", where: "relay", result: err})
		return
	}
	l.renewal = nil
	l.keep(id.Adopt(l.n.trust))
	l.n.record(act{what: "renew", line: "certificate renewed", where: "relay", more: []any{"next", stamp(l.renewAt)}})
}
