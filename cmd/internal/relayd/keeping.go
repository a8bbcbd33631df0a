package relayd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
	"crossband/relay/store"
)

// What retention is when the file does not say.
const (
	day            = 24 * time.Hour
	defaultKept    = 400 * day // a year, which US criminal-justice rules ask of records, and time to notice
	defaultWaiting = 7 * day
	mostDays       = 100 * 365
)

// storePath is the store's file beside the configuration, or the address of a
// server as it is.
func storePath(path, s string) string {
	if isPostgres(s) {
		return s
	}
	if s == "" {
		s = "relay.db"
	}
	return beside(path, s)
}

func isPostgres(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// openStore opens the store that the file names. On a PostgreSQL server each relay
// has a schema of its own, named after it.
func (c Config) openStore(ctx context.Context, self proto.Name, log *slog.Logger) (store.Store, error) {
	o := store.Options{Limit: c.StoreLimit << 20, Schema: schemaOf(self), Log: log}
	if isPostgres(c.Store) {
		return store.OpenPostgres(ctx, c.Store, o)
	}
	s, err := store.OpenSQLite(c.Store, o)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", c.Store, err)
	}
	return s, nil
}

// schemaOf writes a relay's name in the letters of a schema. What it leaves out of
// the name a digest makes up for.
func schemaOf(self proto.Name) string {
	words := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, string(self.Agency)+"_"+self.Label)
	sum := sha256.Sum256([]byte(self.String()))
	return fmt.Sprintf("crossband_%.40s_%x", words, sum[:4])
}

func (r Retention) keys() map[string]string {
	return map[string]string{"standing": r.Standing, "incident": r.Incident, "waiting": r.Waiting, "record": r.Record}
}

// parse reads values that Load has checked.
func (r Retention) parse() (messages hub.Retention, records time.Duration, err error) {
	standing, err := parseDays(r.Standing, defaultKept)
	incident, err2 := parseDays(r.Incident, defaultKept)
	waiting, err3 := parseDays(r.Waiting, defaultWaiting)
	records, err4 := parseDays(r.Record, defaultKept)
	return hub.Retention{Standing: standing, Incident: incident, Waiting: waiting}, records, errors.Join(err, err2, err3, err4)
}

// parseDays reads a time as Retention describes it; otherwise stands for none.
func parseDays(s string, otherwise time.Duration) (time.Duration, error) {
	if s == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 64)
		d = time.Duration(min(n, mostDays+1)) * day // more would overflow
	}
	if err != nil || d < 0 || d > mostDays*day {
		return 0, fmt.Errorf("%q is no time such as 400d or 36h, at most %dd", s, mostDays)
	}
	return d, nil
}

// Hold is a legal hold on a channel.
type Hold struct {
	Channel proto.ChannelID
	Reason  string // and who ordered it, and when
}

// maxHoldReason bounds a hold's file.
const maxHoldReason = 4 << 10

// ReadHolds lists the holds in a folder; none for no folder. A file whose name is
// no channel is an error: a hold that does not hold must be seen. One that SetHold
// has begun and not put in place is none yet.
func ReadHolds(dir string) ([]Hold, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Hold
	for _, e := range entries {
		if isUnfinished(e.Name()) {
			continue
		}
		id, err := proto.ParseChannelID(e.Name())
		if err != nil {
			return nil, fmt.Errorf("%s: not the identifier of a channel", filepath.Join(dir, e.Name()))
		}
		reason, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if len(reason) > maxHoldReason {
			reason = reason[:maxHoldReason]
		}
		list = append(list, Hold{id, strings.TrimSpace(string(reason))})
	}
	return list, nil
}

func (c Config) holds() (map[proto.ChannelID]string, error) {
	list, err := ReadHolds(c.Holds)
	held := make(map[proto.ChannelID]string, len(list))
	for _, h := range list {
		held[h.Channel] = h.Reason
	}
	return held, err
}

// SetHold places a hold, or gives an existing one another reason. When it returns
// nil the hold is on the disk.
func (c Config) SetHold(h Hold) error {
	if err := ensureDir(c.Holds); err != nil {
		return err
	}
	return replaceDurably(filepath.Join(c.Holds, h.Channel.String()), []byte(h.Reason+"\n"))
}

// LiftHold takes a hold away, durably. The channel's class decides again what
// expires.
func (c Config) LiftHold(id proto.ChannelID) error {
	if err := os.Remove(filepath.Join(c.Holds, id.String())); err != nil {
		return err
	}
	return syncDir(c.Holds)
}
