package relayd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crossband/cmd/internal/adminhttp"
	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/relay"
)

// The folder of change notices beside a relay's configuration. Whoever signed one on
// this machine puts it there, and the relay has it within noticeEvery; the relay
// writes down what notices it holds, its partners' too, and what they break here.
const (
	noticesDir  = "notices"
	noticeEvery = time.Second

	// Endings of the names of files in the folder.
	NoticeExt = ".notice"
	AnswerExt = ".answer"
)

// NoticesDir returns the folder for the relay of a configuration file.
func NoticesDir(config string) string { return beside(config, noticesDir) }

// LoadNotices reads the report of the relay of a configuration file. ok is false when
// there is none: the relay has not run yet, or is elsewhere.
func LoadNotices(config string) (n adminhttp.Notices, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(NoticesDir(config), statusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return n, false, nil
	}
	if err != nil {
		return n, false, err
	}
	return n, true, json.Unmarshal(b, &n)
}

// PutNotice puts a signed notice or answer into the folder, in one step.
func PutNotice(config, name string, signed []byte) error {
	return replace(filepath.Join(NoticesDir(config), name), signed)
}

// noticesFolder is the folder of change notices and of answers to them, with the
// relay's report.
type noticesFolder struct {
	notices, answers folder
	written          []byte // the report, as it was last written
}

func newNoticesFolder(dir string, log *slog.Logger) *noticesFolder {
	of := func(suffix, what string) folder {
		return folder{dir: dir, suffix: suffix, what: what, most: proto.MaxNotice, log: log}
	}
	return &noticesFolder{notices: of(NoticeExt, "change notice"), answers: of(AnswerExt, "answer to a change notice")}
}

func (f *noticesFolder) look(ctx context.Context, node *relay.Node) {
	take := func(kind proto.DocumentKind) func(context.Context, []byte) error {
		return func(ctx context.Context, b []byte) error {
			switch d, err := (notice.Judge{}).ReadDocument(kind, b); {
			case err != nil: // for the relay to refuse, so that it is on record
			case d.Notice != nil && !time.Now().Before(d.Notice.Ends.Add(proto.NoticeLife)):
				return nil // it would be refused for its age alone
			case d.NoticeAnswer != nil && !holds(node, d.NoticeAnswer.Notice):
				return errNotYet
			}
			return node.Take(ctx, relay.Document{Kind: kind, Signed: b})
		}
	}
	f.notices.look(ctx, take(proto.DocumentNotice))
	f.answers.look(ctx, take(proto.DocumentNoticeAnswer))
	f.report(node)
}

// errNotYet keeps an answer for a later look: its notice may come yet.
var errNotYet = errors.New("the notice is not held")

func holds(node *relay.Node, id proto.NoticeID) bool {
	n := node.Notices()
	return n != nil && slices.ContainsFunc(n.Held, func(h relay.NoticeState) bool { return h.ID == id })
}

// LoadNoticeDocuments reads the notices of a folder that are not over for long, and
// after them the answers; none for no folder. A file that cannot be read is left out;
// the error names each.
func LoadNoticeDocuments(dir string, now time.Time) (list []relay.Document, err error) {
	var wrong []error
	for _, f := range []struct {
		ext  string
		kind proto.DocumentKind
	}{{NoticeExt, proto.DocumentNotice}, {AnswerExt, proto.DocumentNoticeAnswer}} {
		files, err := filesIn(dir, f.ext)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			b, err := readDocument(file)
			if err != nil {
				wrong = append(wrong, err)
				continue
			}
			d, err := (notice.Judge{}).ReadDocument(f.kind, b)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", file, err))
				continue
			}
			if d.Notice == nil || now.Before(d.Notice.Ends.Add(proto.NoticeLife)) {
				list = append(list, relay.Document{Kind: f.kind, Signed: b})
			}
		}
	}
	return list, errors.Join(wrong...)
}

// report keeps what the relay shows of notices, when it has changed.
func (f *noticesFolder) report(node *relay.Node) {
	if node.Notices() == nil {
		return
	}
	b, err := json.MarshalIndent(adminhttp.LookAtNotices(node), "", "  ")
	if err == nil && bytes.Equal(b, f.written) {
		return
	}
	if err == nil {
		err = replace(filepath.Join(f.notices.dir, statusFile), b)
	}
	if err != nil {
		f.notices.log.Warn("state of change notices not written", "why", err.Error())
		return
	}
	f.written = b
}
