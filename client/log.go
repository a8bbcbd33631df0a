package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/mls"
	"crossband/crypto/mls/policy"
	"crossband/proto"
	"crossband/proto/wire"
)

// entriesLocked applies log entries in their order, each once. A gap is filled
// by fetching; entries that come again are passed over.
func (s *Session) entriesLocked(b *wire.Entries) []Event {
	ch := s.channelLocked(b.Channel)
	if ch == nil || ch.group == nil {
		return nil
	}
	ch.head = max(ch.head, b.Head)
	ch.clockLocked(b.Entries)
	var news []Event
	applied := false
	for _, e := range b.Entries {
		if e.Seq <= ch.cursor {
			continue
		}
		if e.Seq != ch.cursor+1 {
			break
		}
		news = append(news, ch.takeLocked(e)...)
		ch.cursor, applied = e.Seq, true
		if ch.group == nil {
			break // removed, or about to join again
		}
	}
	if applied {
		if err := ch.saveLocked(); err != nil {
			news = append(news, Alarm{ch.id, proto.Refuse(proto.ReasonStore, err.Error())})
		}
		s.changedLocked()
	}
	if ch.group != nil && b.Head > ch.cursor {
		ch.fetchLocked()
	}
	ch.caughtUpLocked()
	return news
}

// takeLocked applies one entry. It is in everybody's log: one that cannot be applied
// is passed, and that is shown.
func (ch *Channel) takeLocked(e *wire.Entry) []Event {
	more, err := ch.applyLocked(e)
	news := append(ch.news, more...)
	ch.news = nil
	switch {
	case errors.Is(err, mls.ErrRolledBack):
		news = append(news, ch.oldStateLocked(proto.Refuse(proto.ReasonRolledBack, ch.charter.Title))...)
	case errors.Is(err, errElsewhere):
		news = append(news, ch.passOverLocked(e)...)
	case errors.Is(err, mls.ErrNoEpochKeys):
		news = append(news, Missed{Channel: ch.id, Seq: e.Seq, Count: 1})
	case err != nil:
		news = append(news, Alarm{ch.id, proto.Refusef(proto.ReasonOf(err), "log entry %d: %v", e.Seq, err)})
	}
	return news
}

// fetchLocked starts the one goroutine that brings the log up to date. It ends when that
// is so, or with the link: what there is may be much, and wait for a pause in talk.
func (ch *Channel) fetchLocked() {
	if ch.fetching || ch.s.conn == nil {
		return
	}
	ch.fetching = true
	ch.s.wg.Go(func() {
		err := ch.catchUp(ch.s.ctx)
		for errors.Is(err, context.DeadlineExceeded) {
			err = ch.readOnFrom(ch.s.ctx, false)
		}
		ch.s.mu.Lock()
		ch.fetching = false
		ch.s.mu.Unlock()
		if err != nil && ch.s.ctx.Err() == nil {
			ch.s.log.Warn("fetch log", "why", err.Error())
		}
	})
}

// catchUp fetches until nothing newer is there. Whoever calls it while another does
// it waits, and then asks for what came since: the same is not fetched twice.
func (ch *Channel) catchUp(ctx context.Context) error { return ch.readOnFrom(ctx, true) }

// readOnFrom is catchUp; first says whether the first page is one that is asked for over
// the live link.
func (ch *Channel) readOnFrom(ctx context.Context, first bool) error {
	select {
	case <-ch.reading:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { ch.reading <- struct{}{} }()
	var page logPage
	ch.origins.size = portion{}
	for ; ; first = false {
		ch.s.mu.Lock()
		after, head, member := ch.cursor, ch.head, ch.group != nil
		ch.s.mu.Unlock()
		if !member {
			return nil
		}
		entries, err := ch.nextEntries(ctx, &page, after, first)
		if err != nil {
			return err
		}
		ch.s.mu.Lock()
		if ch.head == head { // the newest word on it, and the one that we act on
			ch.head = max(ch.cursor, entries.GetHead())
		}
		if ch.expiredLocked(after, entries) {
			ch.s.mu.Unlock()
			return nil
		}
		alarm := ch.leftOutLocked(after, entries)
		ch.s.mu.Unlock()
		if alarm != nil {
			ch.s.emit(*alarm)
		}
		if entries == nil || len(entries.Entries) == 0 {
			ch.caughtUp()
			return nil
		}
		live := &wire.Entries{Channel: ch.id[:], Entries: entries.Entries} // without head: this loop fetches the rest
		ch.s.mu.Lock()
		news := ch.s.entriesLocked(live)
		done := ch.cursor >= entries.Head || ch.cursor == after
		ch.s.mu.Unlock()
		for _, e := range news {
			ch.s.emit(e)
		}
		if done {
			return nil
		}
	}
}

// askPage asks for what follows an entry. The first page is small and comes over the live
// link, for most have missed little, and hails and keys may be in it; the rest takes the
// bulk link. Without one a small page still comes every bulkNever while somebody talks on
// and on: a removal may be in it, or the commit without which that talk cannot be opened.
// What a relay of before bulk links gives is as large as it likes.
func (ch *Channel) askPage(ctx context.Context, after uint64, first bool) (*wire.Frame, error) {
	page := func(bulk bool) *wire.Frame {
		most := uint32(proto.MaxLive)
		switch {
		case bulk:
			most = uint32(ch.s.bulk.page())
		case first || ch.s.somebodyTalks():
			most = logFirst
		}
		return &wire.Frame{Body: &wire.Frame_FetchLog{FetchLog: &wire.FetchLog{Channel: ch.id[:], After: after, Most: most}}}
	}
	if first {
		if err := ch.s.small.take(ctx, ch.charter.Owner); err != nil {
			return nil, err
		}
		defer ch.s.small.give(ch.charter.Owner)
		return ch.s.call(ctx, page(false))
	}
	return ch.s.callWideAs(ctx, ch.charter.Owner, logHurry, page)
}

// logFirst is how many octets the first page of a log holds: 128 ms of 256 kbit/s.
const logFirst = 4 << 10

// expiredLocked finds out that what comes next for us is no longer kept. What is
// gone may have been changes of membership: we come in anew behind it.
func (ch *Channel) expiredLocked(after uint64, b *wire.Entries) bool {
	if b.GetFirst() <= after+1 || ch.cursor != after || ch.group == nil {
		return false
	}
	ch.dropLocked()
	ch.comeBackLocked()
	return true
}

// leftOutLocked finds out, once for each entry, that the relay does not give us
// the entry that comes next although it has later ones. Nothing after a gap is
// shown: what is missing may be a removal.
func (ch *Channel) leftOutLocked(after uint64, b *wire.Entries) *Alarm {
	next := after + 1
	gap := b.GetHead() > after
	if len(b.GetEntries()) > 0 {
		gap = b.Entries[0].Seq > next
	}
	if !gap || ch.group == nil || ch.cursor != after || ch.missing == next {
		return nil
	}
	ch.missing = next
	return &Alarm{ch.id, proto.Refusef(proto.ReasonMalformed, "the relay leaves out log entry %d of %d", next, b.GetHead())}
}

func (ch *Channel) applyLocked(e *wire.Entry) ([]Event, error) {
	switch item := e.Item.(type) {
	case *wire.Entry_Commit:
		return ch.commitLocked(item.Commit)
	case *wire.Entry_Text:
		return ch.textLocked(e, item.Text)
	case *wire.Entry_Hail:
		return ch.hailLocked(e, item.Hail)
	case *wire.Entry_HailReply:
		return ch.replyLocked(e, item.HailReply)
	case *wire.Entry_Page:
		return ch.pageLocked(e, item.Page)
	case *wire.Entry_PageResult:
		return ch.pageResultLocked(e, item.PageResult)
	case *wire.Entry_Incident:
		return ch.incidentActLocked(e, item.Incident)
	case *wire.Entry_Duty:
		return ch.dutyLocked(e, item.Duty)
	}
	return nil, proto.Refuse(proto.ReasonUnknown, "kind of log entry")
}

// commitLocked follows a commit: our own that won, or another's.
func (ch *Channel) commitLocked(b *wire.Commit) ([]Event, error) {
	id, err := proto.MessageIDFrom(b.Id)
	if err != nil {
		return nil, err
	}
	ch.heart.cameBack(id)
	before := ch.group.Roster()
	if now := uint64(ch.group.Epoch()); now >= mls.PastEpochs { // the next epoch is not entered with the keys of this one
		ch.news = append(ch.news, ch.keepKeysLocked(now-mls.PastEpochs)...)
	}
	var d policy.Difference
	if own := slices.IndexFunc(ch.pending, func(c *ownCommit) bool { return c.id == id }); own >= 0 {
		p := ch.pending[own].pending
		if d, err = policy.Describe(before, p.Change); err == nil {
			err = ch.group.Merge(p)
		}
		ch.pending = nil
	} else {
		var done *mls.Processed
		if done, err = ch.group.Process(b.Message, time.Now()); err == nil {
			ch.pending = nil // made for an epoch that is over
			d, err = policy.Describe(before, done.Change)
			if done.SelfRemoved && d.By == ch.s.Name() { // by a join of ours whose answer we did not live to see
				return ch.rejoinLocked(proto.Refuse(proto.ReasonReplaced, "we have come in anew since")), nil
			}
			if done.SelfRemoved {
				return ch.leftLocked(proto.Refusef(proto.ReasonNotMember, "removed by %s", d.By)), nil
			}
		}
	}
	if err != nil {
		return ch.rejoinLocked(err), nil
	}
	if err := ch.newEpochLocked(); err != nil {
		return nil, err
	}
	news := []Event{MembersChanged{ch.id, uint64(ch.group.Epoch()), d.By, d.Added, d.Removed}}
	return append(news, ch.observersLocked(d.Added)...), nil
}

// leftLocked drops the group and its keys.
func (ch *Channel) leftLocked(why *proto.Refusal) []Event {
	ch.wanted = false
	ch.forgetHolesLocked()
	ch.dropLocked()
	return append(ch.failAllLocked(why), Left{ch.id, why})
}

// dropLocked wipes the group. What holes need of it is kept, if there are any.
func (ch *Channel) dropLocked() {
	if ch.group != nil {
		ch.heart.news = append(ch.heart.news, ch.keepKeysLocked(uint64(ch.group.Epoch()))...)
		ch.group.Wipe()
	}
	ch.heart.awaited = nil
	ch.group, ch.pending = nil, nil
	ch.silence()
	ch.away = time.Time{} // the keys are gone
	if ch.burst != nil {
		ch.burst.endLocked(proto.Refuse(proto.ReasonNotMember, ch.charter.Title))
	}
	ch.s.ears.forget(ch.in)
	ch.s.changedLocked()
}

// rejoinLocked repairs a group whose commit we cannot follow: either our state
// is behind, or the commit is good for others and not for us, or the hub lies.
// We say so and come back by an external commit that replaces our old leaf.
func (ch *Channel) rejoinLocked(cause error) []Event {
	ch.dropLocked()
	ch.comeBackLocked()
	return []Event{Alarm{ch.id, proto.Refusef(proto.ReasonBadCommit, "%v", cause)}}
}

// comeBackLocked starts the one goroutine that joins again, until it has, or a
// rule says no. It ends with the Session at the latest.
func (ch *Channel) comeBackLocked() {
	if ch.comingBack {
		return
	}
	ch.comingBack = true
	ch.s.wg.Go(func() {
		for wait := comeBackFirst; ; wait = min(2*wait, comeBackMost) {
			err := ch.comeBack()
			if ch.isBack(err) || !sleep(ch.s.ctx, wait) {
				return
			}
			if err != nil {
				ch.s.log.Warn("not back in the channel", "channel", ch.id.Short(), "why", err.Error())
			}
		}
	})
}

// isBack ends the coming back: we are in, a rule says no, or the Session is
// closed. Whoever was put out again by what it read on its way in goes on.
func (ch *Channel) isBack(err error) bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	again := err == nil && ch.group == nil && ch.wanted
	done := err == nil && !again || endsComingBack(err) || ch.s.ctx.Err() != nil
	ch.comingBack = !done
	return done
}

// Waits between tries to come back.
const (
	comeBackFirst = time.Second
	comeBackMost  = 30 * time.Second
)

func (ch *Channel) comeBack() error {
	ctx, cancel := context.WithTimeout(ch.s.ctx, taskTimeout)
	defer cancel()
	if err := ch.take(ctx); err != nil {
		return err
	}
	defer ch.give()
	if err := ch.readOn(ctx); err != nil {
		return err
	}
	return ch.join(ctx)
}

// endsComingBack tells a rule that stays from a fault that may pass. Where no
// group is yet, the offer of one brings us back.
func endsComingBack(err error) bool {
	switch proto.ReasonOf(err) {
	case proto.ReasonNoAgreement, proto.ReasonAgreement, proto.ReasonWithdrawn:
		return true
	case proto.ReasonCharter, proto.ReasonClosed, proto.ReasonNoChannel, proto.ReasonWeakSuite, proto.ReasonRevoked:
		return true
	}
	return false
}

// openLocked opens a sealed message and checks whose it is: the sender's name
// comes from the group, never from the envelope.
func (ch *Channel) openLocked(envelope proto.Envelope, aad []byte) (*wire.Message, proto.Name, error) {
	r, err := ch.unsealLocked(envelope.GetSealed())
	if err != nil {
		return nil, proto.Name{}, err
	}
	if string(r.AAD) != string(aad) || uint64(r.Epoch) != envelope.GetEpoch() {
		return nil, proto.Name{}, proto.Refuse(proto.ReasonMalformed, "the envelope was changed on its way")
	}
	from, err := ch.senderLocked(r)
	if err != nil {
		return nil, proto.Name{}, err
	}
	if ch.charter.RightOf(from) != proto.RightSend {
		return nil, proto.Name{}, proto.Refuse(proto.ReasonListenOnly, from.String())
	}
	m, err := readLetter(r.Plaintext, envelope.GetCommitment())
	if err == nil {
		ch.keepLetterLocked(envelope, r.Plaintext)
	}
	return m, from, err
}

// readLocked opens a log entry's sealed message. It returns no message and no error
// for one of our own.
func (ch *Channel) readLocked(e *wire.Entry, envelope proto.Envelope) (proto.MessageID, *wire.Message, proto.Name, error) {
	id, aad, own, err := ch.arrivedLocked(e, envelope)
	if own || err != nil {
		return id, nil, proto.Name{}, err
	}
	m, from, err := ch.openLocked(envelope, aad)
	if errors.Is(err, mls.ErrOwnMessage) { // of a run before this one
		return id, nil, proto.Name{}, nil
	}
	if err == nil {
		ch.countLocked(from, envelope.GetNumber())
	}
	return id, m, from, err
}

// sealedByLocked opens a log entry's sealed message and says whose it is. Of our own
// it returns no message. known is false for one of ours of a run before this one, of
// which the envelope cannot be checked any more.
func (ch *Channel) sealedByLocked(e *wire.Entry, envelope proto.Envelope) (m *wire.Message, by proto.Name, known bool, err error) {
	_, aad, own, err := ch.arrivedLocked(e, envelope)
	if own || err != nil {
		return nil, ch.s.Name(), own, err
	}
	if m, by, err = ch.openLocked(envelope, aad); err != nil {
		if errors.Is(err, mls.ErrOwnMessage) {
			err = nil
		}
		return nil, by, false, err
	}
	ch.countLocked(by, envelope.GetNumber())
	return m, by, true, nil
}

// arrivedLocked takes an envelope out of the log: our own is back from there, and
// what lies elsewhere cannot be opened now.
func (ch *Channel) arrivedLocked(e *wire.Entry, envelope proto.Envelope) (id proto.MessageID, aad []byte, own bool, err error) {
	if id, err = proto.MessageIDFrom(envelope.GetId()); err != nil {
		return id, nil, false, err
	}
	if aad, err = envelopeAAD(envelope); err != nil {
		return id, nil, false, err
	}
	own, err = ch.ownLocked(id, aad, e.Seq)
	if !own && err == nil && len(e.Digest) > 0 {
		err = fmt.Errorf("%w: %s", errElsewhere, e.Agency)
	}
	return id, aad, own, err
}

// errElsewhere says that a sealed part lies at its sender's agency only, whose
// relay did not give it out in time.
var errElsewhere = errors.New("client: the relay of the sender's agency could not be asked")

// countLocked shows that messages of a sender are missing before this one.
func (ch *Channel) countLocked(from proto.Name, number uint64) {
	if n := ch.numbers.heard(from, number); n > 0 {
		ch.news = append(ch.news, Gap{Channel: ch.id, From: from, First: number - n, Count: n})
	}
}

// envelopeAAD is what of an envelope the seal covers: all but the sealed part
// and the epoch, in deterministic protobuf.
func envelopeAAD(m pb.Message) ([]byte, error) {
	c := pb.Clone(m)
	r := c.ProtoReflect()
	for _, name := range []string{"sealed", "epoch"} {
		r.Clear(r.Descriptor().Fields().ByName(protoName(name)))
	}
	return pb.MarshalOptions{Deterministic: true}.Marshal(c)
}
