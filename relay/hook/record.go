package hook

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"crossband/proto"
	"crossband/relay/store"
)

// Journal keeps what was accepted. Any store.Store is one.
type Journal interface {
	Write(ctx context.Context, records []store.Record) error
	Get(ctx context.Context, bucket store.Bucket, key []byte) ([]byte, error)
	Scan(ctx context.Context, bucket store.Bucket, after []byte, fn func(key, value []byte) bool) error
}

const (
	bucketAlerts store.Bucket = "hook/alerts"
	bucketMeta   store.Bucket = "hook/meta"
	metaSalt                  = "salt"
)

// Key names an alert in the journal: the SHA-256 of its source, sender and
// identifier, each with its length before it.
type Key [sha256.Size]byte

func keyOf(parts ...string) Key {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return Key(h.Sum(nil))
}

// MarshalText writes the key in hexadecimal.
func (k Key) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(k[:])), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Key) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(k)) {
		return fmt.Errorf("a key of %d octets", len(b))
	}
	_, err := hex.Decode(k[:], b)
	return err
}

// What a key is made for.
const (
	forAlert    = "alert"
	forDelivery = "delivery"
	forThread   = "thread"
	forSummary  = "summary"
)

// state is how far an alert has come.
type state string

const (
	stateDone    state = "done"    // nothing is left to do
	statePending state = "pending" // to be raised, updated or cancelled
	stateHeld    state = "held"    // too many: a summary will tell of it
	stateFailed  state = "failed"  // given up, Why says for what
)

// op is what is to be done for an alert.
type op string

const (
	opNone   op = ""
	opRaise  op = "raise"
	opUpdate op = "update"
	opRepeat op = "repeat" // the same again: rings only if nobody answered before
	opCancel op = "cancel"
)

// failed says what has not been done.
func (o op) failed() string {
	switch o {
	case opUpdate, opRepeat:
		return "news not told"
	case opCancel:
		return "hail not ended"
	}
	return "alert not raised"
}

// lost says what it means that it never will be.
func (o op) lost() string {
	switch o {
	case opUpdate, opRepeat:
		return "NOBODY WAS TOLD the news"
	case opCancel:
		return "THE HAIL STILL STANDS"
	}
	return "NOBODY WAS CALLED"
}

// record is an alert in the journal.
type record struct {
	Source   string    `json:"source"`
	Sender   string    `json:"sender,omitempty"`
	Digest   Key       `json:"digest"`
	Received time.Time `json:"received"`
	Seq      uint64    `json:"seq"` // order of acceptance
	State    state     `json:"state"`
	Op       op        `json:"op,omitempty"`
	Why      string    `json:"why,omitempty"`
	Root     Key       `json:"root"`              // whose incident it belongs to
	Also     []Key     `json:"also,omitempty"`    // a cancellation: of these incidents too
	Aliases  []Key     `json:"aliases,omitempty"` // alerts that it is about and that had not come
	Thread   Key       `json:"thread"`            // zero: none
	Closes   bool      `json:"closes,omitempty"`  // the incidents are over with it
	Kind     Kind      `json:"kind"`
	Status   Status    `json:"status,omitempty"`  // of the alert
	Attempt  int       `json:"attempt,omitempty"` // how often what was sent for it was refused or came back
	Rung     bool      `json:"rung,omitempty"`    // a hail of it is out
	Verdict  Verdict   `json:"verdict"`
	Summary  int       `json:"summary,omitempty"` // it stands for so many
	Alert    *Alert    `json:"alert,omitempty"`   // while something is left to do, or can come back

	key Key
}

// ids derives what a record's hail and incident are called. The salt is this
// journal's own: without it another member of the channel, who may know the same
// alert, could take the identifier first and have the hail refused.
type ids struct{ salt []byte }

func (i ids) derive(what string, k Key, n int) []byte {
	sum := keyOf(string(i.salt), what, string(k[:]), fmt.Sprint(n))
	return sum[:16]
}

// hail is the identifier of a record's hail. One that was refused for good, which
// its sender has forgotten, is tried again under another.
func (i ids) hail(k Key, attempt int) proto.MessageID {
	return proto.MessageID(i.derive("hail", k, attempt))
}

// update is the identifier of the text that tells a record's news. Texts and replies
// that came back are sent again as they were: nobody has them.
func (i ids) update(k Key) proto.MessageID { return proto.MessageID(i.derive("update", k, 0)) }

// reply is the identifier of the reply by which a record ends an incident's hail.
func (i ids) reply(k, root Key) proto.MessageID {
	return proto.MessageID(i.derive("reply", keyOf(string(k[:]), string(root[:])), 0))
}

// messages are the identifiers of all that is sent for a record.
func (i ids) messages(r *record) (list []proto.MessageID) {
	switch r.Op {
	case opRaise:
		return []proto.MessageID{i.hail(r.key, r.Attempt)}
	case opUpdate:
		return []proto.MessageID{i.update(r.key)}
	case opCancel:
		list = append(list, i.update(r.key))
		for _, root := range append([]Key{r.Root}, r.Also...) {
			list = append(list, i.reply(r.key, root))
		}
	}
	return list
}

func (i ids) incident(root Key) proto.IncidentID {
	return proto.IncidentID(i.derive("incident", root, 0))
}

// loadIDs reads the journal's salt, or makes it.
func loadIDs(ctx context.Context, j Journal) (ids, error) {
	salt, err := j.Get(ctx, bucketMeta, []byte(metaSalt))
	if err != nil || len(salt) == sha256.Size {
		return ids{salt}, err
	}
	if salt != nil {
		return ids{}, fmt.Errorf("hook: the journal's salt has %d octets", len(salt))
	}
	salt = make([]byte, sha256.Size)
	rand.Read(salt)
	return ids{salt}, j.Write(ctx, []store.Record{{Bucket: bucketMeta, Key: []byte(metaSalt), Value: salt}})
}

func (r *record) stored() (store.Record, error) {
	v, err := json.Marshal(r)
	return store.Record{Bucket: bucketAlerts, Key: r.key[:], Value: v}, err
}

func parseRecord(key, value []byte) (*record, error) {
	r := new(record)
	if err := json.Unmarshal(value, r); err != nil || len(key) != len(r.key) {
		return nil, fmt.Errorf("hook: a record of the journal cannot be read: %x: %w", key, err)
	}
	if left := r.State == statePending || r.State == stateHeld; left && r.Alert == nil {
		return nil, fmt.Errorf("hook: a record of the journal that is not done has no alert: %x", key)
	}
	if r.key = Key(key); r.Status == 0 { // kept before statuses were
		r.Status = Actual
		if r.Verdict.Exercise {
			r.Status = Exercise
		}
	}
	return r, nil
}
