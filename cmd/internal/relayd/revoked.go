package relayd

import (
	"encoding/json"
	"errors"
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

// revokedFolder is the folder of revocation lists, with the node's report.
type revokedFolder struct{ folder }

func newRevokedFolder(dir string, log *slog.Logger) *revokedFolder {
	return &revokedFolder{folder{dir: dir, suffix: ".list", what: "revocation list", most: identity.MaxRevocationList, log: log}}
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
