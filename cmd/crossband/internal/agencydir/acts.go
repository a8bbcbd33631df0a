package agencydir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"crossband/cmd/crossband/internal/filelock"
	"crossband/proto"
)

// ErrBusy says that somebody else is changing the agency at this moment.
// Nothing was changed: look at what they did, and decide again.
var ErrBusy = errors.New("another administrator is changing this agency")

// Act is one line of audit.log: who did what, when, where, with what result.
type Act struct {
	When   string `json:"when"` // UTC, to the hundredth of a second
	Who    string `json:"who"`  // the operating system's name for the administrator
	Where  string `json:"where"`
	Act    string `json:"act"` // init, invite, revoke, trust, untrust, agreement, charter, roll, renew
	Object string `json:"object"`
	Result string `json:"result"` // done or refused
	Code   int    `json:"code,omitempty"`
	Why    string `json:"why,omitempty"`
}

// actForm is RFC 3339 in UTC to the hundredth of a second.
const actForm = "2006-01-02T15:04:05.00Z"

func (d Dir) lockFile() string  { return filepath.Join(d.path, "lock") }
func (d Dir) auditFile() string { return filepath.Join(d.path, "audit.log") }

// act does one administrative act, alone and on record. Of two administrators
// who change something at once one does, and the other is told and has changed
// nothing. Without a place to write the record nothing is done.
func (d Dir) act(what, object string, now time.Time, do func() error) (err error) {
	log, err := os.OpenFile(d.auditFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("no act without a record: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	unlock, err := filelock.Acquire(d.lockFile(), ErrBusy)
	if err == nil {
		defer unlock()
		err = do()
	}
	a := Act{When: now.UTC().Format(actForm), Who: Administrator(), Where: d.place(), Act: what, Object: object, Result: "done"}
	if err != nil {
		a.Result, a.Code, a.Why = "refused", int(proto.ReasonOf(err)), err.Error()
	}
	return errors.Join(err, write(log, a))
}

func write(log *os.File, a Act) error {
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("record of the act: %w", err)
	}
	if _, err := log.Write(append(line, '\n')); err != nil { // one write: lines of two programs do not mix
		return fmt.Errorf("record of the act: %w", err)
	}
	if err := log.Sync(); err != nil {
		return fmt.Errorf("record of the act: %w", err)
	}
	return nil
}

// Administrator is who the operating system says acts. Behind sudo it is the
// one who called it, as sudo says.
func Administrator() string {
	u, err := user.Current()
	if err != nil {
		return fmt.Sprintf("uid %d", os.Getuid())
	}
	if by := os.Getenv("SUDO_USER"); by != "" {
		return by + " as " + u.Username
	}
	return u.Username
}

// place is the machine and the folder.
func (d Dir) place() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	path, err := filepath.Abs(d.path)
	if err != nil {
		path = d.path
	}
	return host + ":" + path
}
