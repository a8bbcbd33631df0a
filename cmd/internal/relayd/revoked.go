package relayd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
)

// The folder of revocation lists beside a relay's configuration. Whoever made a
// list on this machine puts it there, and the relay has it within lookEvery, with
// or without a registrar; the relay writes down how far the list has come.
const (
	revokedDir = "revoked"
	statusFile = "status.json"
	lookEvery  = 250 * time.Millisecond
)

// RevokedDir returns the folder for the relay of a configuration file.
func RevokedDir(config string) string { return beside(config, revokedDir) }

// RevocationStatus is the relay's report, as status.json holds it.
type RevocationStatus struct {
	Number    uint64               `json:"number"` // of the list
	Installed time.Time            `json:"installed"`
	Cut       map[string]time.Time `json:"cut"`     // links ended because of it, by name
	Told      map[string]time.Time `json:"told"`    // partners that have taken it, by agency
	Refused   map[string]string    `json:"refused"` // partners that have not, and why
}

// LoadRevocationStatus reads the report of the relay of a configuration file. ok
// is false when there is none: no list has come yet, or the relay is elsewhere.
func LoadRevocationStatus(config string) (s RevocationStatus, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(RevokedDir(config), statusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	return s, true, json.Unmarshal(b, &s)
}

// revokedFolder hands what is in the folder to the node, once for each content.
type revokedFolder struct {
	dir   string
	log   *slog.Logger
	files map[string]listFile // those that were there at the last look
	wrong string              // why the folder could not be read; empty: it could
}

// listFile is what is known of one file.
type listFile struct {
	handed time.Time // when it had been written, as it was handed over; zero: it was not
	wrong  string    // what was said last of why it was not
}

// watch looks at the folder until ctx ends, and gives each list to hand, which
// returns an error only if it took none.
func (r *revokedFolder) watch(ctx context.Context, hand func(context.Context, []byte) error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		r.look(ctx, hand)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look hands over what is new. What cannot be read is said once and tried again
// at each look.
func (r *revokedFolder) look(ctx context.Context, hand func(context.Context, []byte) error) {
	paths, err := filesIn(r.dir, ".list")
	if err != nil {
		if r.wrong != err.Error() {
			r.wrong = err.Error()
			r.log.Error("folder of revocation lists not read", "why", r.wrong)
		}
		return
	}
	r.wrong = ""
	files := make(map[string]listFile, len(paths))
	for _, p := range paths {
		f := r.files[p]
		written, list, err := readList(p, f.handed)
		switch {
		case err != nil && f.wrong != err.Error():
			f.wrong = err.Error()
			r.log.Error("revocation list not read", "file", p, "why", f.wrong)
		case err == nil:
			f.wrong = ""
		}
		if list != nil && hand(ctx, list) == nil {
			f.handed = written
		}
		files[p] = f
	}
	r.files = files
}

// readList returns a list and when it was written; none if that was at handed.
func readList(path string, handed time.Time) (written time.Time, list []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}, nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return time.Time{}, nil, errors.New("not a regular file")
	case info.Size() > identity.MaxRevocationList:
		return time.Time{}, nil, fmt.Errorf("%d octets, a revocation list has at most %d", info.Size(), identity.MaxRevocationList)
	case info.ModTime().Equal(handed):
		return time.Time{}, nil, nil
	}
	if list, err = os.ReadFile(path); err != nil {
		return time.Time{}, nil, err // and not the part that was read
	}
	return info.ModTime(), list, nil
}

// write keeps the node's report. It is called on the node's loop, for each list
// and each partner's answer to it: rarely, and the file is small.
func (r *revokedFolder) write(s relay.Revocations) {
	out := RevocationStatus{Number: s.Number, Installed: s.Installed, Cut: s.Cut, Told: byWord(s.Told), Refused: make(map[string]string)}
	for a, why := range s.Refused {
		out.Refused[string(a)] = why
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err == nil {
		err = replace(filepath.Join(r.dir, statusFile), b)
	}
	if err != nil {
		r.log.Warn("revocation status not written", "why", err.Error())
	}
}

func byWord(m map[proto.Agency]time.Time) map[string]time.Time {
	out := make(map[string]time.Time, len(m))
	for a, at := range m {
		out[string(a)] = at
	}
	return out
}

// replace writes a file in one step; a reader never sees half of it. It is no
// record: what it says is in the relay's log too.
func replace(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
