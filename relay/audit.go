package relay

import (
	"context"
	"log/slog"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/relay/hub"
)

// act is what somebody did, or tried, that a record must tell of: who, what,
// when, where, with what result. One act is one line of the log with the
// attributes act, who, when, where and result, whatever else it says.
//
// Administrative acts are join, add, leave, remove, keys (a member renewed
// its own), charter, trust, revoke, enrol, renew, config, hold, release and link; notice
// (a change has come nearer) and change (a partner's relay is not what it was). Every other
// request that was refused is an act of the kind request.
type act struct {
	what   string
	line   string // the sentence
	who    string // a name; "" is the relay itself, by its configuration
	where  string // the channel, or what of this relay it concerns
	result error  // nil: done
	alarm  bool   // to be looked at, whatever the reason
	more   []any  // attributes of the slog kind
}

// stampForm is RFC 3339 in UTC to the hundredth of a second.
const stampForm = "2006-01-02T15:04:05.00Z"

// stamp is the one form in which the record shows times, wherever the relay
// stands.
func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// record writes one act. What no mistake explains, and what the hub calls an
// alarm, is an error for somebody to look at; another refusal is a warning.
func (n *Node) record(a act) {
	level, result := slog.LevelInfo, "done"
	if a.who == "" {
		a.who = n.Name().String()
	}
	if a.result != nil {
		why := proto.AsRefusal(a.result)
		level, result = slog.LevelWarn, "refused"
		a.more = append(a.more, "code", int(why.Reason), "why", a.result.Error())
		if isAttack(why.Reason) {
			level = slog.LevelError
			a.more = append(a.more, "attack", true)
		}
	}
	if a.alarm {
		level = slog.LevelError
		a.more = append(a.more, "alarm", true)
	}
	args := append([]any{"act", a.what, "who", a.who, "when", stamp(time.Now()), "where", a.where, "result", result}, a.more...)
	n.log.Log(context.Background(), level, a.line, args...)
}

// isAttack reports whether nobody comes to this reason by a mistake: an
// authority vouches for a name that is not its agency's, or a root that was
// confirmed by voice has become another without the old one's word.
func isAttack(r proto.Reason) bool {
	return r == proto.ReasonWrongAgency || r == proto.ReasonPinChanged
}

// audit records what the hub did or refused.
func (l *loop) audit(e hub.Audit) {
	a := act{
		what: actOf(e), line: e.What, who: e.Actor.String(), where: "channel " + e.Channel.Short(),
		more: []any{"peer", e.Peer.String(), "kind", int(e.Kind), "channel", e.Channel.Short()},
	}
	if e.Actor == (proto.Name{}) {
		a.who = e.Peer.String() // a relay or an authority that speaks for itself
	}
	if e.Channel == (proto.ChannelID{}) {
		a.where = "relay"
	}
	if e.Refusal != nil { // not set as it is: a nil Refusal in an error is not nil
		a.line, a.result = "refused", e.Refusal
		if a.alarm = e.Alarm; a.alarm {
			a.line = e.What
		}
	} else {
		a.more = append(a.more, "added", names(e.Added), "removed", names(e.Removed))
	}
	l.n.record(a)
}

// actOf says what the act was, in the record's words.
func actOf(e hub.Audit) string {
	switch e.Kind {
	case proto.KindCommit:
		return changeOf(e)
	case proto.KindPutCharter, proto.KindCreateChannel, proto.KindChannelOffer:
		return "charter"
	case proto.KindDocument:
		return "document"
	case proto.KindTrustList:
		return "trust"
	case proto.KindRevocationList:
		return "revoke"
	case proto.KindEnrol, proto.KindEnrolReply:
		return "enrol"
	}
	return "request"
}

// changeOf tells who came or went by a commit. A device that comes back in
// the place of its former self joins.
func changeOf(e hub.Audit) string {
	self := func(list []proto.Name) bool { return len(list) == 1 && list[0] == e.Actor }
	switch {
	case e.Refusal != nil:
		return "members"
	case self(e.Added):
		return "join"
	case len(e.Added) > 0:
		return "add"
	case self(e.Removed):
		return "leave"
	case len(e.Removed) > 0:
		return "remove"
	}
	return "keys"
}

// linkRefused records a link that did not come about.
func (n *Node) linkRefused(a link.Attempt) {
	n.counters.refused.Add(1)
	n.countRefusal(a.Name, a.Name.Agency, a.Err)
	who := "unknown" // a name that nobody trusted vouches for is in the sentence, not here
	if a.Name != (proto.Name{}) {
		who = a.Name.String()
	}
	n.record(act{
		what: "link", line: "link refused", who: who, where: a.Addr.String(), result: a.Err,
		more: []any{"address", a.Addr.String(), "peer", a.Name.String()},
	})
}

// recordHold says that a legal hold came or went. Who placed it is in the order.
func (n *Node) recordHold(what, line string, id proto.ChannelID, order string) {
	n.record(act{what: what, line: line, where: "channel " + id.Short(), more: []any{"channel", id.String(), "order", order}})
}

// recordConfig says by which rules this run serves. Whoever changes the
// configuration shows here with the next start.
func (n *Node) recordConfig() {
	var peers []string
	for a := range n.peers {
		peers = append(peers, string(a))
	}
	n.record(act{
		what: "config", line: "configuration in force", where: n.listener.Addr().String(),
		more: []any{"peers", peers, "charters", len(n.cfg.Charters), "trusted", n.trust.Agencies()},
	})
}
