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

// noticesFolder hands what is in the folder to the node, once for each content.
type noticesFolder struct {
	dir     string
	log     *slog.Logger
	seen    map[string]time.Time // files by when they were written
	written []byte               // the report, as it was last written
}

// watch looks at the folder until ctx ends.
func (f *noticesFolder) watch(ctx context.Context, node *relay.Node) {
	tick := time.NewTicker(noticeEvery)
	defer tick.Stop()
	for {
		f.look(ctx, node)
		f.report(node)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (f *noticesFolder) look(ctx context.Context, node *relay.Node) {
	for ext, kind := range map[string]proto.DocumentKind{NoticeExt: proto.DocumentNotice, AnswerExt: proto.DocumentNoticeAnswer} {
		files, err := filepath.Glob(filepath.Join(f.dir, "*"+ext))
		if err != nil {
			return // the pattern is ours
		}
		for _, path := range files {
			info, err := os.Stat(path)
			if err != nil || info.Size() > proto.MaxNotice || info.ModTime().Equal(f.seen[path]) {
				continue
			}
			b, err := os.ReadFile(path)
			if err != nil {
				f.log.Warn("change notice not read", "file", path, "why", err.Error())
			}
			now := err != nil || wanted(kind, b, node)
			if now || kind == proto.DocumentNotice { // an answer's notice may come yet
				f.seen[path] = info.ModTime()
			}
			if now && err == nil && node.Take(ctx, relay.Document{Kind: kind, Signed: b}) != nil {
				return // the node is ending
			}
		}
	}
}

// wanted leaves out what the relay would refuse for its age alone: a notice that is
// over, and an answer to one that is not held, or not yet. What cannot be read is for
// the relay to refuse, so that it is on record.
func wanted(kind proto.DocumentKind, signed []byte, node *relay.Node) bool {
	d, err := (notice.Judge{}).ReadDocument(kind, signed)
	switch {
	case err != nil:
		return true
	case d.Notice != nil:
		return time.Now().Before(d.Notice.Ends.Add(proto.NoticeLife))
	}
	n := node.Notices()
	return n != nil && slices.ContainsFunc(n.Held, func(h relay.NoticeState) bool { return h.ID == d.NoticeAnswer.Notice })
}

// LoadNoticeDocuments reads the notices of a folder that are not over for long, and
// after them the answers; none for no folder.
func LoadNoticeDocuments(dir string, now time.Time) (list []relay.Document, err error) {
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
				return nil, err
			}
			d, err := (notice.Judge{}).ReadDocument(f.kind, b)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if d.Notice == nil || now.Before(d.Notice.Ends.Add(proto.NoticeLife)) {
				list = append(list, relay.Document{Kind: f.kind, Signed: b})
			}
		}
	}
	return list, nil
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
		err = replace(filepath.Join(f.dir, statusFile), b)
	}
	if err != nil {
		f.log.Warn("state of change notices not written", "why", err.Error())
		return
	}
	f.written = b
}
