package client

import (
	"cmp"
	"slices"
	"time"

	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/proto/wire"
)

// Change notices reach every device of the agencies that they concern. Each judges
// them by itself, and counts down by its own clock. None is kept: the relay hands over
// all that are in force whenever a link comes up.

// ChangeNotice says that a change is announced, or that it has come nearer: once in a
// run for each stage that is reached. Of one that is taken back it says so.
type ChangeNotice struct {
	Notice proto.Notice
	Stage  proto.NoticeStage
	Off    bool // taken back, or another has taken its place
}

func (ChangeNotice) event() {}

// announced are the notices that the relay has handed over. The Session's mutex
// guards them.
type announced map[proto.NoticeID]*announcement

type announcement struct {
	proto.Notice
	told     proto.NoticeStage
	replaced bool
}

// noticeLocked takes in a notice. Answers to notices are for administrators.
func (s *Session) noticeLocked(b *wire.Document) []Event {
	kind, err := proto.ParseDocumentKind(int32(b.Kind))
	if err != nil || kind != proto.DocumentNotice {
		return nil
	}
	now := time.Now()
	d, err := notice.Judge{Trust: s.trust}.Document(kind, b.Signed, now)
	if err == nil && len(s.announced) >= proto.MaxDocuments {
		err = proto.Refusef(proto.ReasonFull, "%d notices", len(s.announced))
	}
	if err != nil {
		s.log.Warn("change notice refused", "code", int(proto.ReasonOf(err)), "why", err.Error())
		return nil
	}
	n := d.Notice
	if s.announced[n.ID] != nil {
		return nil
	}
	s.announced[n.ID] = &announcement{Notice: *n}
	var news []Event
	for _, old := range s.announced {
		switch {
		case old.Agency != n.Agency:
		case old.Replaces == n.ID:
			s.announced[n.ID].replaced = true
		case old.ID == n.Replaces && !old.replaced:
			old.replaced = true
			if old.told != 0 && old.told != proto.StageOver {
				news = append(news, ChangeNotice{old.Notice, old.told, true})
			}
		}
	}
	return append(news, s.noticesDueLocked(now)...)
}

// noticesDueLocked tells what has come nearer. What is over is told only if it was
// told before, and then forgotten after a while.
func (s *Session) noticesDueLocked(now time.Time) (news []Event) {
	for id, n := range s.announced {
		if !now.Before(n.Ends.Add(proto.NoticeLife)) {
			delete(s.announced, id)
			continue
		}
		stage := n.Stage(now)
		if n.replaced || n.Kind == proto.NoticeWithdrawn || stage <= n.told || stage == proto.StageOver && n.told == 0 {
			continue
		}
		n.told = stage
		news = append(news, ChangeNotice{n.Notice, stage, false})
	}
	slices.SortFunc(news, func(a, b Event) int {
		x, y := a.(ChangeNotice).Notice, b.(ChangeNotice).Notice
		return cmp.Or(x.Begins.Compare(y.Begins), cmp.Compare(string(x.ID[:]), string(y.ID[:])))
	})
	return news
}
