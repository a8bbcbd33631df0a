package agencydir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"crossband/cmd/internal/adminhttp"
	"crossband/cmd/internal/relayd"
	"crossband/crypto/identity"
	"crossband/crypto/notice"
	"crossband/proto"
	"crossband/relay"
)

// Placed says where a signed notice or answer was put.
type Placed struct {
	Path  string
	Relay bool // the agency's relay is here and takes it from there
}

// Announce signs a change notice by the agency's authority and puts it where the relay
// of this folder looks.
func (d Dir) Announce(n proto.Notice, now time.Time) (done proto.Notice, at Placed, err error) {
	err = d.act("notice", fmt.Sprintf("%s %q for %v", n.Kind, n.Title, n.To), now, func() error {
		id, err := d.signer(now)
		if err != nil {
			return err
		}
		var signed []byte
		if signed, done, err = notice.Sign(id, n, now); err != nil {
			return err
		}
		at, err = d.putNotice(done.ID.Short()+relayd.NoticeExt, signed)
		return err
	})
	return done, at, err
}

// AnswerNotice signs the agency's answer to a partner's notice.
func (d Dir) AnswerNotice(a proto.NoticeAnswer, now time.Time) (done proto.NoticeAnswer, at Placed, err error) {
	err = d.act("answer", fmt.Sprintf("to notice %s of %s", a.Notice.Short(), a.Of), now, func() error {
		id, err := d.signer(now)
		if err != nil {
			return err
		}
		var signed []byte
		if signed, done, err = notice.SignAnswer(id, a, now); err != nil {
			return err
		}
		at, err = d.putNotice(done.Notice.Short()+relayd.AnswerExt, signed)
		return err
	})
	return done, at, err
}

// signer is the authority's mailbox, whose certificate must be good now.
func (d Dir) signer(now time.Time) (*identity.Identity, error) {
	if _, err := d.renew(now); err != nil {
		return nil, err
	}
	return identity.Load(d.Registrar(), nil)
}

func (d Dir) putNotice(name string, signed []byte) (Placed, error) {
	at := Placed{Path: filepath.Join(relayd.NoticesDir(d.RelayConfig()), name)}
	_, err := os.Stat(d.RelayConfig())
	if at.Relay = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
		return at, err
	}
	return at, relayd.PutNotice(d.RelayConfig(), name, signed)
}

// Notices returns what the relay of this folder last wrote of change notices. ok is
// false when it has not written anything.
func (d Dir) Notices() (list adminhttp.Notices, ok bool, err error) {
	return relayd.LoadNotices(d.RelayConfig())
}

// NoticeDocuments reads the notices that were signed here and are not over for long,
// and the answers, for a relay that is elsewhere.
func (d Dir) NoticeDocuments(now time.Time) ([]relay.Document, error) {
	return relayd.LoadNoticeDocuments(relayd.NoticesDir(d.RelayConfig()), now)
}

// Root returns the fingerprint of the agency's newest root.
func (d Dir) Root() ([32]byte, error) {
	a, err := d.Authority()
	if err != nil {
		return [32]byte{}, err
	}
	return a.Bundle().Fingerprint(), nil
}

// NoticePartners lists whom a notice concerns if nobody is named: the agencies with
// which the relay links.
func (d Dir) NoticePartners() ([]proto.Agency, error) {
	list, err := d.Partners()
	slices.Sort(list)
	return slices.Compact(list), err
}
