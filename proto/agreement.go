package proto

import (
	"slices"
	"time"
)

// Agreement is what two or more agencies have signed together: which channels there
// may be between them, who may speak, hail and listen there, who observes, and up
// to when. It holds the rules alone; crypto/agreement reads the text that is signed
// and judges the signatures.
type Agreement struct {
	ID        AgreementID // of every revision
	Revision  uint32
	Digest    [32]byte // SHA-256 of this revision's text
	Title     string
	Parties   []Agency
	Exercise  bool // its channels are for exercises only
	Begins    time.Time
	Ends      time.Time
	Countdown time.Duration // warning before what was allowed is not any more
	Channels  []AgreedChannel
	Observers []AgreedObserver
	Ladder    []LadderStep  // of its calling channels
	Rearm     time.Duration // of the ladder; 0: never
}

// AgreedChannel is a channel that the agreement allows, or for incidents and
// patrols, a pattern for any number of them. The charter of a channel may be
// narrower, never wider.
type AgreedChannel struct {
	Name      string // within the agreement
	Title     string // which the charter of a calling or standing channel must have
	Kind      CharterKind
	Owners    []Agency // whose charter it may be: one, or for incidents and patrols all that may open one
	Suite     uint16
	Storage   Storage
	TalkLimit time.Duration
	Parties   []Party // without observers. Hail is exact: nobody else may
}

// AgreedObserver lets a third agency's representatives hear and read.
type AgreedObserver struct {
	Agency   Agency
	Roles    []Role
	Channels []string // by their names in the agreement
	Until    time.Time
}

// Withdrawal is one party's word that an agreement ends. It cannot be taken back:
// who agrees again makes a new agreement.
type Withdrawal struct {
	Agreement AgreementID
	By        Agency
	At        time.Time // when the agreement ends
	Issued    time.Time
	Why       string
}

// Limits of an agreement.
const (
	MaxAgreementText  = 32 << 10 // octets
	MaxAgreedChannels = 32
	MinCountdown      = 10 * time.Second
	MaxCountdown      = time.Hour
	UsualCountdown    = 60 * time.Second
	MaxAgreementLife  = 10 * 366 * 24 * time.Hour
	MaxWithdrawalWhy  = 300 // octets
)

// Signers lists whose signatures the agreement needs: every party's, and that of
// every observer's agency, which is bound by it as well.
func (a *Agreement) Signers() []Agency {
	list := slices.Clone(a.Parties)
	for _, o := range a.Observers {
		list = append(list, o.Agency)
	}
	return list
}

// HasParty reports whether the agency is a party, not counting observers.
func (a *Agreement) HasParty(agency Agency) bool { return slices.Contains(a.Parties, agency) }

// Check refuses an agreement that is not in force at now.
func (a *Agreement) Check(now time.Time) error {
	if now.Before(a.Begins) {
		return Refusef(ReasonNoAgreement, "%q begins %s", a.Title, stamp(a.Begins))
	}
	if !now.Before(a.Ends) {
		return Refusef(ReasonWithdrawn, "%q ended %s", a.Title, stamp(a.Ends))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (a *Agreement) channel(name string) *AgreedChannel {
	for i := range a.Channels {
		if a.Channels[i].Name == name {
			return &a.Channels[i]
		}
	}
	return nil
}

// incident is the pattern of the agreement's incidents, or nil.
func (a *Agreement) incident() *AgreedChannel {
	for i := range a.Channels {
		if a.Channels[i].Kind == KindIncident {
			return &a.Channels[i]
		}
	}
	return nil
}

func (a *Agreement) observer(agency Agency) *AgreedObserver {
	for i := range a.Observers {
		if a.Observers[i].Agency == agency {
			return &a.Observers[i]
		}
	}
	return nil
}

func (c *AgreedChannel) party(agency Agency) (Party, bool) {
	i := slices.IndexFunc(c.Parties, func(p Party) bool { return p.Agency == agency })
	if i < 0 {
		return Party{}, false
	}
	return c.Parties[i], true
}

// lasting reports whether the channel is one, rather than a pattern for several.
func (c *AgreedChannel) lasting() bool { return c.Kind == KindCalling || c.Kind == KindStanding }
