package agencydir

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crossband/cmd/internal/relayd"
	"crossband/crypto/identity"
	"crossband/proto"
)

// ErrNeverIssued says that a name holds neither certificate nor invitation that could be taken back.
var ErrNeverIssued = errors.New("was never issued a certificate, nor is it invited")

// Reasons of a revocation, for the agency's own book: partners are told that a
// device is out, not why.
func Reasons() []string { return []string{"lost", "stolen", "compromised", "retired"} }

// Revocation is what was done to take a name out.
type Revocation struct {
	Name      proto.Name
	At        time.Time
	Number    uint64 // of the list; zero when there was no certificate to list
	Reason    string // empty when it is not known: made elsewhere, or before the book
	Withdrawn int    // open invitations that were taken back with it
}

// Name reads role/label, or a whole name of this agency.
func (d Dir) Name(s string) (proto.Name, error) {
	a, err := d.Authority()
	if err != nil {
		return proto.Name{}, err
	}
	if !strings.Contains(s, "://") {
		s = "spiffe://" + string(a.Agency()) + "/" + s
	}
	n, err := proto.ParseName(s)
	if err == nil && n.Agency != a.Agency() {
		err = proto.Refusef(proto.ReasonWrongAgency, "%s; each agency revokes its own", n)
	}
	return n, err
}

// Revoke takes back every certificate that a name holds, and its open
// invitations, so that nobody enrols as it. The list is on disk when it returns;
// a relay in this folder takes it from there, any other from the registrar. Of a
// name that nobody enrolled as only the invitations go, and one that has neither
// is refused: to revoke a slip of the pen would only look like safety. With force
// it is revoked all the same, for a log of certificates that was restored from a
// backup does not know the newest.
func (d Dir) Revoke(name proto.Name, reason string, force bool, now time.Time) (r Revocation, err error) {
	err = d.act("revoke", name.String(), now, func() (err error) {
		r, err = d.revoke(name, reason, force, now)
		return err
	})
	return r, err
}

func (d Dir) revoke(name proto.Name, reason string, force bool, now time.Time) (Revocation, error) {
	a, err := d.Authority()
	if err != nil {
		return Revocation{}, err
	}
	issued, err := a.Issued(name)
	if err != nil {
		return Revocation{}, err
	}
	r := Revocation{Name: name, At: now, Reason: reason}
	if r.Withdrawn, err = a.Withdraw(name); err != nil {
		return Revocation{}, err
	}
	if !issued && !force {
		if r.Withdrawn == 0 {
			return Revocation{}, fmt.Errorf("%s %w", name, ErrNeverIssued)
		}
		return r, nil
	}
	raw, err := a.Revoke(name, now)
	if err != nil {
		return Revocation{}, err
	}
	list, err := identity.ParseRevocationList(raw)
	if err != nil {
		return Revocation{}, err
	}
	r.Number = list.Number
	return r, errors.Join(d.handListToRelay(raw), d.note(r))
}

// handListToRelay puts the list where the relay of this folder looks, if it is
// here.
func (d Dir) handListToRelay(list []byte) error {
	if _, err := os.Stat(d.RelayConfig()); err != nil {
		return nil // moved to the relay's machine
	}
	dir := relayd.RevokedDir(d.RelayConfig())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, "own.list")
	if err := os.WriteFile(path+".tmp", list, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// The book of revocations: what a list does not hold, one JSON object a line.
func (d Dir) book() string { return filepath.Join(d.path, "revoked.log") }

type bookLine struct {
	Name   string    `json:"name"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

func (d Dir) note(r Revocation) error {
	b, err := json.Marshal(bookLine{r.Name.String(), r.At.UTC(), r.Reason})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(d.book(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// Revoked lists what is taken back, newest first.
func (d Dir) Revoked() ([]Revocation, error) {
	a, err := d.Authority()
	if err != nil {
		return nil, err
	}
	entries, err := a.RevokedEntries()
	if err != nil {
		return nil, err
	}
	why, err := d.reasons()
	if err != nil {
		return nil, err
	}
	list := make([]Revocation, 0, len(entries))
	for _, e := range entries {
		list = append(list, Revocation{Name: e.Name, At: e.At, Reason: why[e.Name.String()]})
	}
	return list, nil
}

func (d Dir) reasons() (map[string]string, error) {
	f, err := os.Open(d.book())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	why := make(map[string]string)
	for s := bufio.NewScanner(f); s.Scan(); {
		var l bookLine
		if json.Unmarshal(s.Bytes(), &l) == nil { // a torn last line says nothing
			why[l.Name] = l.Reason
		}
	}
	return why, nil
}

// taken is the registrar's note of the newest list that the relay has taken.
func (d Dir) taken() string { return filepath.Join(d.path, "registrar", "list-taken") }

// NoteTaken is for the registrar: the relay has taken a list.
func (d Dir) NoteTaken(list []byte) error {
	l, err := identity.ParseRevocationList(list)
	if err != nil {
		return err
	}
	if err := os.WriteFile(d.taken()+".tmp", fmt.Appendf(nil, "%d\n", l.Number), 0o600); err != nil {
		return err
	}
	return os.Rename(d.taken()+".tmp", d.taken())
}

// Progress says how far a list has come, as far as this machine can tell.
type Progress struct {
	Relay  bool // the relay has taken it
	Seen   bool // Status is the relay's own report on this list
	Status relayd.RevocationStatus
}

// Progress looks for the relay's report and the registrar's note.
func (d Dir) Progress(number uint64) (Progress, error) {
	var p Progress
	s, ok, err := relayd.LoadRevocationStatus(d.RelayConfig())
	if err != nil {
		return p, err
	}
	if ok && s.Number >= number {
		p.Relay, p.Seen, p.Status = true, true, s
		return p, nil
	}
	b, err := os.ReadFile(d.taken())
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	var n uint64
	if err == nil {
		_, err = fmt.Sscan(string(b), &n)
	}
	p.Relay = n >= number
	return p, err
}

// Agency returns whose folder it is.
func (d Dir) Agency() (proto.Agency, error) {
	a, err := d.Authority()
	if err != nil {
		return "", err
	}
	return a.Agency(), nil
}

// Partners lists the agencies with which the relay of this folder links.
func (d Dir) Partners() ([]proto.Agency, error) {
	c, err := relayd.Load(d.RelayConfig())
	if err != nil {
		return nil, err
	}
	var list []proto.Agency
	for _, p := range c.Peers {
		list = append(list, proto.Agency(p.Agency))
	}
	return list, nil
}
