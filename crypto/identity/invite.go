package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/proto"
)

// Limits of invitations.
const (
	MaxInvitations = 1000 // open and lately used ones together
	MaxInviteTTL   = 7 * 24 * time.Hour
	MaxProofTries  = 5         // wrong proofs, then the invitation is locked
	EnrolRetryTime = time.Hour // in which the same key gets the same answer again
)

// invitation is what the authority keeps of one: no secret, but enough to
// check the proof of it and to sign the answer.
type invitation struct {
	name    proto.Name
	expires time.Time
	keys    invitationKeys
	tries   uint8
}

func (i invitation) encode() []byte {
	e := newEncoder()
	e.text(i.name.String())
	e.time(i.expires)
	e.fixed(i.keys.id[:])
	e.fixed(i.keys.proof[:])
	e.fixed(i.keys.reply[:])
	e.u8(i.tries)
	return e.b
}

func parseInvitation(data []byte) (invitation, error) {
	d := newDecoder("invitation on disk", data, MaxToken)
	i := invitation{name: d.name(), expires: d.time()}
	copy(i.keys.id[:], d.fixed(len(i.keys.id)))
	copy(i.keys.proof[:], d.fixed(len(i.keys.proof)))
	copy(i.keys.reply[:], d.fixed(len(i.keys.reply)))
	i.tries = d.u8()
	return i, d.end()
}

// usedInvitation is written once, before the answer is given.
type usedInvitation struct {
	device Fingerprint // of the key that used it
	at     time.Time
	reply  []byte
}

func (u usedInvitation) encode() []byte {
	e := newEncoder()
	e.fixed(u.device[:])
	e.time(u.at)
	e.bytes(u.reply)
	return e.b
}

func parseUsedInvitation(data []byte) (usedInvitation, error) {
	d := newDecoder("used invitation on disk", data, maxFile)
	var u usedInvitation
	copy(u.device[:], d.fixed(len(u.device)))
	u.at, u.reply = d.time(), d.bytes(MaxEnrolmentReply)
	return u, d.end()
}

// Invite makes a one-time invitation for name, to be used within ttl, at most
// MaxInviteTTL, by way of one of the relay addresses. The folder keeps keys
// derived from the secret; the secret is in the returned token alone.
func (a *Authority) Invite(name proto.Name, relays []string, now time.Time, ttl time.Duration) (Token, error) {
	if err := a.checkName(name); err != nil {
		return Token{}, err
	}
	if err := checkRelays(relays); err != nil {
		return Token{}, err
	}
	if ttl < time.Second || ttl > MaxInviteTTL {
		return Token{}, refuse(Malformed, "an invitation for %s, at most %s is allowed", ttl, MaxInviteTTL)
	}
	open, err := a.sweepInvitations(now)
	if err != nil {
		return Token{}, err
	}
	if open >= MaxInvitations {
		return Token{}, refuse(TooLarge, "%d invitations are open, there is room for no more", open)
	}
	by, err := a.issuing(now)
	if err != nil {
		return Token{}, err
	}
	t := Token{Name: name, Root: fingerprintOf(by.root), Relays: relays, Expires: now.Add(ttl).Truncate(time.Second).UTC()}
	rand.Read(t.secret[:])
	k, err := t.keys()
	if err != nil {
		return Token{}, err
	}
	if n := len(t.Text()); n > MaxToken {
		return Token{}, refuse(TooLarge, "the invitation would have %d characters, at most %d are allowed", n, MaxToken)
	}
	return t, createFile(a.invitationFile(k.id, ".open"), invitation{name: name, expires: t.Expires, keys: k}.encode())
}

func (a *Authority) invitationFile(id [invitationID]byte, suffix string) string {
	return filepath.Join(a.dir, "invitations", hex.EncodeToString(id[:])+suffix)
}

// sweepInvitations forgets invitations that can no longer be used or retried,
// and returns how many there are.
func (a *Authority) sweepInvitations(now time.Time) (int, error) {
	paths, err := listFiles(filepath.Join(a.dir, "invitations"), "", ".open")
	if err != nil {
		return 0, fmt.Errorf("list invitations: %w", err)
	}
	kept := 0
	for _, path := range paths {
		data, err := readSecret(path)
		if err != nil {
			return 0, err
		}
		i, err := parseInvitation(data)
		if err != nil {
			return 0, within(path, err)
		}
		if now.Before(i.expires.Add(EnrolRetryTime)) {
			kept++
			continue
		}
		for _, p := range []string{path, strings.TrimSuffix(path, ".open") + ".used"} {
			if err := os.Remove(p); err != nil && !missing(err) {
				return 0, fmt.Errorf("forget invitation: %w", err)
			}
		}
	}
	return kept, nil
}

// Enrol answers a device's enrolment request. It refuses an unknown
// invitation as NoInvitation, one that is over as TokenExpired, one used by
// another key as TokenUsed and a wrong proof as BadProof; after MaxProofTries
// wrong proofs the invitation is locked (TooManyTries). The key that used an
// invitation gets the same reply again for EnrolRetryTime.
func (a *Authority) Enrol(request []byte, now time.Time) ([]byte, error) {
	r, err := parseEnrolmentRequest(request)
	if err != nil {
		return nil, err
	}
	i, err := a.proven(r)
	if err != nil {
		return nil, err
	}
	_, pub, err := parseCSR(r.csr, i.name)
	if err != nil {
		return nil, err
	}
	device, err := keyHash(pub)
	if err != nil {
		return nil, err
	}
	if reply, err := a.usedBy(i, device, now); reply != nil || err != nil {
		return reply, err
	}
	if now.After(i.expires) {
		return nil, refuse(TokenExpired, "the invitation for %s expired on %s; this clock shows %s", i.name, date(i.expires), date(now))
	}
	chain, err := a.Issue(r.csr, i.name, now)
	if err != nil {
		return nil, err
	}
	trust, err := a.TrustList(now)
	if err != nil {
		return nil, err
	}
	g := grant{chain, trust}.encode()
	reply := enrolmentReply{g, replyMAC(i.keys.reply, device, g)}.encode()
	err = createFile(a.invitationFile(r.id, ".used"), usedInvitation{device, now, reply}.encode())
	if exists(err) { // another process was faster
		return a.usedBy(i, device, now)
	}
	if err != nil {
		return nil, err
	}
	return reply, nil
}

// proven returns the invitation of a request whose proof is right, and counts
// the proof if it is wrong.
func (a *Authority) proven(r enrolmentRequest) (invitation, error) {
	path := a.invitationFile(r.id, ".open")
	data, err := readSecret(path)
	if missing(err) {
		return invitation{}, refuse(NoInvitation, "there is no invitation %x; it was never made or is over", r.id)
	}
	if err != nil {
		return invitation{}, err
	}
	i, err := parseInvitation(data)
	if err != nil {
		return invitation{}, within(path, err)
	}
	if i.tries >= MaxProofTries {
		return invitation{}, refuse(TooManyTries, "the invitation for %s is locked after %d wrong proofs", i.name, i.tries)
	}
	want := r.proof(i.keys.proof)
	if hmac.Equal(want[:], r.mac[:]) {
		return i, nil
	}
	i.tries++
	if err := replaceFile(path, i.encode()); err != nil {
		return invitation{}, err
	}
	return invitation{}, refuse(BadProof, "the proof for the invitation of %s is wrong, try %d of %d", i.name, i.tries, MaxProofTries)
}

// usedBy returns the reply to repeat if the invitation was used by this
// device a short time ago, nil if nobody used it, and else refuses.
func (a *Authority) usedBy(i invitation, device Fingerprint, now time.Time) ([]byte, error) {
	data, err := readFile(a.invitationFile(i.keys.id, ".used"))
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	u, err := parseUsedInvitation(data)
	if err != nil {
		return nil, within("invitation for "+i.name.String(), err)
	}
	if u.device != device || now.After(u.at.Add(EnrolRetryTime)) {
		return nil, refuse(TokenUsed, "the invitation for %s was used on %s; it is good for one device", i.name, date(u.at))
	}
	return u.reply, nil
}

// Withdraw takes back the invitations for name and returns how many nobody had
// used yet. Certificates issued stay valid: see Revoke.
func (a *Authority) Withdraw(name proto.Name) (int, error) {
	paths, err := listFiles(filepath.Join(a.dir, "invitations"), "", ".open")
	if err != nil {
		return 0, fmt.Errorf("list invitations: %w", err)
	}
	n := 0
	for _, path := range paths {
		data, err := readSecret(path)
		if err != nil {
			return n, err
		}
		i, err := parseInvitation(data)
		if err != nil {
			return n, within(path, err)
		}
		if i.name != name {
			continue
		}
		if err := os.Remove(path); err != nil {
			return n, fmt.Errorf("withdraw invitation: %w", err)
		}
		if _, err := os.Stat(strings.TrimSuffix(path, ".open") + ".used"); missing(err) {
			n++
		}
	}
	return n, syncDir(filepath.Join(a.dir, "invitations"))
}
