package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// answerAt makes mx's answer NAME to us's notice, issued at a time.
func (w *world) answerAt(name string, id proto.NoticeID, at time.Time) {
	a := proto.NoticeAnswer{Notice: id, Of: agencies()["us"], By: agencies()["mx"], Objects: true, Text: strings.Repeat("x", 1000), Issued: at.UTC()}
	w.makeNotice(name, proto.DocumentNoticeAnswer, a.By, notice.WriteAnswer(&a))
}

// TestAnswersReachNoDevice: devices have no use for answers to notices, and what they
// wait for must not stand behind them. One notice takes few answers.
func TestAnswersReachNoDevice(t *testing.T) {
	w := newWorld(t)
	w.deep = false
	for _, s := range []string{"up us/authority", "up us/unit/a", "up mx/relay", "notice disks by us to=mx", "from us/authority: document disks"} {
		do(t, w, "%s", s)
	}
	id, err := w.noticeID("disks")
	if err != nil {
		t.Fatal(err)
	}
	toDevices, taken := 0, 0
	w.watch = func(effects []hub.Effect) {
		for _, e := range effects {
			switch e := e.(type) {
			case hub.Send:
				if d := e.Frame.GetDocument(); d != nil && d.Kind == wire.Document_Kind(proto.DocumentNoticeAnswer) && strings.HasPrefix(w.labels[e.Link], "us/unit") {
					toDevices++
				}
			case hub.Audit:
				if e.Refusal == nil && strings.HasPrefix(e.What, proto.DocumentNoticeAnswer.String()) {
					taken++
				}
			}
		}
	}
	for i := range 500 {
		name := fmt.Sprintf("answer%d", i)
		w.answerAt(name, id, start().Add(time.Duration(i)*time.Second))
		do(t, w, "from mx/relay id=%d: document %s", i+1, name)
	}
	if taken == 0 || taken > proto.MaxNotices {
		t.Errorf("%d answers to one notice taken at once", taken)
	}
	do(t, w, "up us/unit/b")
	if toDevices != 0 {
		t.Errorf("devices got %d answers", toDevices)
	}
}

// TestAnswersComeAfterTheirNotice: none is from before it, give or take what clocks
// differ; so there is no supply of answers that each replace the one before.
func TestAnswersComeAfterTheirNotice(t *testing.T) {
	w := newWorld(t)
	for _, s := range []string{"up us/authority", "up mx/relay", "notice disks by us to=mx", "from us/authority: document disks"} {
		do(t, w, "%s", s)
	}
	id, err := w.noticeID("disks")
	if err != nil {
		t.Fatal(err)
	}
	w.answerAt("early", id, start().Add(-proto.NoticeSkew-time.Second))
	w.answerAt("skewed", id, start().Add(-proto.NoticeSkew))
	for name, refused := range map[string]bool{"early": true, "skewed": false} {
		w.lines = nil
		do(t, w, "from mx/relay id=1: document %s", name)
		if got := strings.Join(w.lines, "\n"); strings.Contains(got, fmt.Sprintf("(%d)", proto.ReasonNotice)) != refused {
			t.Errorf("%s: %s", name, got)
		}
	}
}
