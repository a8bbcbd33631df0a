package proto

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NoticeID names a change notice: the SHA-256 of its signed text.
type NoticeID [32]byte

// NoticeIDOf returns the identifier of the notice whose text it is.
func NoticeIDOf(text []byte) NoticeID { return sha256.Sum256(text) }

// ParseNoticeID reads the hexadecimal form that String writes.
func ParseNoticeID(s string) (id NoticeID, err error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return id, Refuse(ReasonMalformed, "notice identifier is not hexadecimal")
	}
	return id, fill(id[:], b, "notice")
}

// String returns the identifier in hexadecimal.
func (id NoticeID) String() string { return hex.EncodeToString(id[:]) }

// Short returns the first four octets, for logs and screens.
func (id NoticeID) Short() string { return hex.EncodeToString(id[:4]) }

// NoticeKind says what a change notice is about.
type NoticeKind uint8

// The kinds of change notice. NoticeWithdrawn takes another notice back and puts
// nothing in its place.
const (
	NoticeProtocol    NoticeKind = iota + 1 // protocol versions, and capabilities if they are named
	NoticeSuite                             // cipher suites of channels, key types, key exchange of links
	NoticeCodec                             // voice codecs
	NoticeRollover                          // another root, or another issuing authority below the same one
	NoticeGateway                           // a gateway comes or goes
	NoticeMaintenance                       // the agency's relay may be away
	NoticeAddress                           // where its relay is reached, and comes from
	NoticeOther                             // in words only
	NoticeWithdrawn
)

// noticeWords are the kinds as they are written, in their order.
func noticeWords() []string {
	return []string{"protocol-version", "suite", "codec", "ca-rollover", "gateway", "maintenance", "address", "other", "withdrawn"}
}

// String is the kind as it is written.
func (k NoticeKind) String() string {
	if k < NoticeProtocol || k > NoticeWithdrawn {
		return "unknown kind"
	}
	return noticeWords()[k-1]
}

// ParseNoticeKind reads what String writes.
func ParseNoticeKind(s string) (NoticeKind, error) {
	i := slices.Index(noticeWords(), s)
	if i < 0 {
		return 0, bad("kind %q of change notice", clip(s))
	}
	return NoticeKind(i + 1), nil
}

// Notice is one agency's announcement of a change that can touch interoperability,
// made between Begins and Ends. It holds the rules alone; crypto/notice reads the
// text that is signed and judges the signature.
type Notice struct {
	ID       NoticeID
	Agency   Agency
	To       []Agency // whom it concerns: their relays and endpoints get it
	Kind     NoticeKind
	Title    string
	Text     string // may be empty
	Issued   time.Time
	Begins   time.Time
	Ends     time.Time
	Replaces NoticeID // of the same agency; zero: none

	Protocol ProtocolChange // of NoticeProtocol
	Suites   SuiteChange    // of NoticeSuite
	Codecs   CodecChange    // of NoticeCodec
	Root     [32]byte       // of NoticeRollover: fingerprint of the root afterwards
	Gateway  GatewayChange  // of NoticeGateway
	Address  AddressChange  // of NoticeAddress
}

// ProtocolChange says which protocol versions a relay speaks afterwards.
type ProtocolChange struct {
	Min, Max     uint32
	Capabilities []string // all that it offers afterwards; nil: nothing is said of them
}

// SuiteChange says which cipher suites an agency's devices and relay do.
type SuiteChange struct{ Before, After []uint16 }

// CodecChange says which voice codecs an agency's devices speak.
type CodecChange struct{ Before, After []string }

// GatewayChange says which gateway comes or goes.
type GatewayChange struct {
	Name Name
	Up   bool
}

// AddressChange says where an agency's relay is, as HOST:PORT.
type AddressChange struct{ Before, After string }

// NoticeAnswer is one partner's word on a notice. A later one replaces it.
type NoticeAnswer struct {
	Notice  NoticeID
	Of      Agency // whose notice it is
	By      Agency
	Objects bool   // else it has been seen
	Text    string // may be empty
	Issued  time.Time
}

// Limits of notices.
const (
	MaxNotice        = 16 << 10 // octets of a signed notice or answer
	MaxNoticeText    = 1000     // octets of what it says in words
	MaxNoticeTo      = 32       // agencies that it concerns
	MaxNoticeList    = 32       // suites, codecs or capabilities in one list
	MaxNotices       = 64       // of one agency, held by one relay
	MaxNoticeAddress = 260      // octets of HOST:PORT
	MaxNoticeSpan    = 400 * 24 * time.Hour
	MaxNoticeLead    = 2 * 366 * 24 * time.Hour // from the announcement to the change
	NoticeLife       = 7 * 24 * time.Hour       // it is kept and shown for so long after its end
)

// Concerned lists the agencies that get the notice, its own first.
func (n *Notice) Concerned() []Agency { return append([]Agency{n.Agency}, n.To...) }

// Says tells the notice's parameters in words; empty for kinds that have none.
func (n *Notice) Says() string {
	switch p := n.Protocol; n.Kind {
	case NoticeProtocol:
		said := fmt.Sprintf("protocol versions %d to %d", p.Min, p.Max)
		if p.Capabilities != nil {
			said += ", capabilities: " + strings.Join(p.Capabilities, ", ")
		}
		return said
	case NoticeSuite:
		return fmt.Sprintf("suites %v, before %v", n.Suites.After, n.Suites.Before)
	case NoticeCodec:
		return fmt.Sprintf("codecs %s, before %s", strings.Join(n.Codecs.After, ", "), strings.Join(n.Codecs.Before, ", "))
	case NoticeRollover:
		return "root " + hex.EncodeToString(n.Root[:])
	case NoticeGateway:
		if n.Gateway.Up {
			return n.Gateway.Name.String() + " comes"
		}
		return n.Gateway.Name.String() + " goes"
	case NoticeAddress:
		return n.Address.After + ", before " + n.Address.Before
	}
	return ""
}

// Covers reports whether a change that is seen at now falls into the time that the
// notice announces, give or take what clocks may differ.
func (n *Notice) Covers(now time.Time) bool {
	return !now.Before(n.Begins.Add(-NoticeSkew)) && !now.After(n.Ends.Add(NoticeSkew))
}

// NoticeSkew is what a change may come before its time or after it: clocks differ,
// and who restarts a relay needs a moment.
const NoticeSkew = 15 * time.Minute

// NoticeStage is how near a change is. Each is told once.
type NoticeStage uint8

// The stages of a notice.
const (
	StageAnnounced NoticeStage = iota + 1
	StageMonth                 // 30 days are left, or less
	StageWeek
	StageDay
	StageHour
	StageBegun
	StageOver
)

// String says the stage in words.
func (s NoticeStage) String() string {
	switch s {
	case StageAnnounced:
		return "announced"
	case StageMonth:
		return "within 30 days"
	case StageWeek:
		return "within a week"
	case StageDay:
		return "within a day"
	case StageHour:
		return "within the hour"
	case StageBegun:
		return "under way"
	case StageOver:
		return "over"
	}
	return "unknown stage"
}

// Stage says how near the change is at now.
func (n *Notice) Stage(now time.Time) NoticeStage {
	if !now.Before(n.Ends) {
		return StageOver
	}
	switch left := n.Begins.Sub(now); {
	case left <= 0:
		return StageBegun
	case left <= time.Hour:
		return StageHour
	case left <= 24*time.Hour:
		return StageDay
	case left <= 7*24*time.Hour:
		return StageWeek
	case left <= 30*24*time.Hour:
		return StageMonth
	}
	return StageAnnounced
}
