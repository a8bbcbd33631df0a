package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crossband/crypto/notice"
	"crossband/proto"
)

// readNotice reads the text of a notice or of an answer, as the fake judge holds it.
func readNotice(d proto.Document, text []byte) (proto.Document, error) {
	if d.Kind == proto.DocumentNotice {
		n, err := notice.Read(text)
		d.Notice, d.Issuer, d.Concerns, d.Ends = &n, n.Agency, n.Concerned(), n.Ends
		return d, err
	}
	a, err := notice.ReadAnswer(text)
	d.NoticeAnswer, d.Issuer, d.Concerns = &a, a.By, []proto.Agency{a.By, a.Of}
	return d, err
}

// notice defines a notice: NAME by AGENCY FIELD=VALUE...
func (w *world) notice(words []string) error {
	if len(words) < 3 || words[1] != "by" {
		return fmt.Errorf("notice NAME by AGENCY FIELD=VALUE…")
	}
	n := proto.Notice{
		Agency: agencies()[words[2]], Kind: proto.NoticeMaintenance, Title: words[0], Issued: w.now.UTC().Truncate(time.Second),
		Begins: w.now.Add(48 * time.Hour).UTC().Truncate(time.Second), Ends: w.now.Add(50 * time.Hour).UTC().Truncate(time.Second),
	}
	for _, word := range words[3:] {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "to":
			n.To = agenciesOf(value)
			slices.Sort(n.To)
		case "kind":
			n.Kind, err = proto.ParseNoticeKind(value)
		case "begins":
			n.Begins, err = w.second(value)
		case "ends":
			n.Ends, err = w.second(value)
		case "replaces":
			n.Replaces, err = w.noticeID(value)
		default:
			err = fmt.Errorf("a notice has no %q", key)
		}
		if err != nil {
			return err
		}
	}
	if err := n.Validate(); err != nil {
		return err
	}
	w.makeNotice(words[0], proto.DocumentNotice, n.Agency, notice.Write(&n))
	return nil
}

// answer defines an answer: NAME of NOTICE by AGENCY [objects].
func (w *world) answer(words []string) error {
	if len(words) < 5 || words[1] != "of" || words[3] != "by" {
		return fmt.Errorf("answer NAME of NOTICE by AGENCY [objects]")
	}
	id, err := w.noticeID(words[2])
	if err != nil {
		return err
	}
	signed := w.made.documents[words[2]].signed
	n, err := notice.Read(signed[strings.Index(string(signed), "\n")+1:])
	if err != nil {
		return err
	}
	a := proto.NoticeAnswer{Notice: id, Of: n.Agency, By: agencies()[words[4]], Issued: w.now.UTC().Truncate(time.Second)}
	if len(words) > 5 {
		a.Objects, a.Text = true, "Not then"
	}
	w.makeNotice(words[0], proto.DocumentNoticeAnswer, a.By, notice.WriteAnswer(&a))
	return nil
}

func (w *world) makeNotice(name string, kind proto.DocumentKind, by proto.Agency, text []byte) {
	signed := append([]byte(string(by)+"\n"), text...)
	w.made.documents[name] = aDocument{kind: kind, signed: signed}
	w.made.names[string(signed)] = name
}

func (w *world) noticeID(name string) (id proto.NoticeID, err error) {
	d, ok := w.made.documents[name]
	if !ok || d.kind != proto.DocumentNotice {
		return id, fmt.Errorf("no notice %q", name)
	}
	return proto.NoticeIDOf(d.signed[strings.Index(string(d.signed), "\n")+1:]), nil
}

// noticeOfKey names the notice of a record's key, or whose answer to which it is.
func (w *world) noticeOfKey(key []byte) string {
	id, by := key[9:], ""
	if proto.DocumentKind(key[0]) == proto.DocumentNoticeAnswer {
		id, by = key[1:33], "-answer-"+w.plain(string(key[33:]))
	}
	for name, d := range w.made.documents {
		if found, err := w.noticeID(name); d.kind == proto.DocumentNotice && err == nil && string(found[:]) == string(id) {
			return name + by
		}
	}
	return "unknown"
}

// TestNoticesHaveABound: of one agency so many are held, and the next is refused.
func TestNoticesHaveABound(t *testing.T) {
	w := newWorld(t)
	w.mute = true
	do := func(format string, args ...any) {
		t.Helper()
		if err := (&script{w: w}).command(fmt.Sprintf(format, args...)); err != nil {
			t.Fatal(err)
		}
	}
	do("up mx/relay")
	for i := range proto.MaxNotices {
		do("notice n%d by mx to=us", i)
		do("from mx/relay id=%d: document n%d", i+1, i)
	}
	if got := len(w.hub.Summary().Notices); got != proto.MaxNotices {
		t.Fatalf("%d notices held", got)
	}
	do("notice more by mx to=us")
	do("from mx/relay id=900: document more")
	if got := len(w.hub.Summary().Notices); got != proto.MaxNotices {
		t.Errorf("%d notices held: one more was taken in", got)
	}
}
