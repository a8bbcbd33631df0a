package relay

import (
	"time"

	"crossband/crypto/record"
	"crossband/proto"
)

// alarmEvery is how often the same fault of the same log is alarmed of: a partner must
// not fill this relay's audit trail at will.
const alarmEvery = time.Minute

// alarmOf is what is not repeated.
type alarmOf struct {
	what  string // words of this package
	fault record.Fault
}

// alarm tells the administrator that a record cannot be kept, or that somebody has
// another one.
func (r *recorder) alarm(b *book, what string, err error) {
	now, of := time.Now(), alarmOf{what, record.FaultOf(err)}
	if last, told := b.alarms[of]; told && now.Sub(last) < alarmEvery {
		return
	}
	b.alarms[of] = now
	r.n.counters.recordFaults.Add(1)
	r.n.log.Error(what, "record", b.origin.String(), "alarm", true, "fault", string(of.fault), "why", detail(err))
}

// partnerAlarm is what is not repeated of a partner as a whole.
type partnerAlarm struct {
	agency proto.Agency
	what   string // words of this package
}

// alarmOfPartner tells the administrator of what a partner does that concerns no log
// which is kept here.
func (r *recorder) alarmOfPartner(a proto.Agency, what string, now time.Time) {
	of := partnerAlarm{a, what}
	if last, told := r.alarms[of]; told && now.Sub(last) < alarmEvery {
		return
	}
	r.alarms[of] = now
	s := r.shelves[a]
	r.n.counters.recordFaults.Add(1)
	r.n.log.Error(what, "partner", string(a), "alarm", true, "logs", s.logs, "strange", s.strange)
}

// blame ends the exchange of a log with a partner until the next link: a person has to
// look. The log itself goes on.
func (r *recorder) blame(b *book, f *follower, peer proto.Name, what string, err error) {
	f.faulty = true
	why := &record.Refusal{Fault: record.FaultOf(err), Index: record.NoEntry, Detail: peer.String() + ": " + err.Error()}
	r.alarm(b, what, why)
}

// stop gives a log up: it is shown as it is, and not gone on with.
func (r *recorder) stop(b *book, what string, err error) {
	b.broken = err.Error()
	r.alarm(b, what, err)
	r.keepBook(b)
}

// reportBroken says of a log that was given up that nothing more is recorded in it:
// at a start, and when something would have been.
func (r *recorder) reportBroken(b *book) {
	r.alarm(b, "the record is not gone on with", &record.Refusal{Fault: record.Truncated, Index: record.NoEntry, Detail: b.broken})
}

// detail is an error in at most proto.MaxDetail octets.
func detail(err error) string {
	return proto.AsRefusal(proto.Refuse(proto.ReasonInternal, err.Error())).Detail
}
