package notices

import (
	"slices"
	"time"

	"crossband/proto"
)

// Held is a change notice as a relay holds it.
type Held struct {
	proto.Notice
	Came     time.Time
	Replaced bool // another has taken its place
}

// Knowledge is what one relay knows when it works out what a change breaks. It holds
// no endpoint's name.
type Knowledge struct {
	Self                   proto.Agency
	VersionMin, VersionMax uint32 // that this relay speaks
	Capabilities           []string
	Suites                 []uint16 // that this build does
	Codecs                 []string
	OwnRoots               [][32]byte // in the own bundle
	Channels               []Channel
	Partners               map[proto.Agency]Partner
}

// Channel is one channel that the relay knows.
type Channel struct {
	Title   string
	Owner   proto.Agency // whose relay is its hub
	Suite   uint16
	Calling bool // hails go there
	Parties []Party
}

// Party is an agency's part in a channel.
type Party struct {
	Agency  proto.Agency
	Gateway bool // the charter lets a gateway of it in
	Members int  // as far as they are known here
}

// Partner is what is known of an agency that the relay links with.
type Partner struct {
	Dials string     // HOST:PORT of the configuration; empty: we wait to be dialled
	Roots [][32]byte // that are trusted for it
	Last  *Look      // when it was last linked; nil: never yet
}

func (c *Channel) party(a proto.Agency) (Party, bool) {
	i := slices.IndexFunc(c.Parties, func(p Party) bool { return p.Agency == a })
	if i < 0 {
		return Party{}, false
	}
	return c.Parties[i], true
}

// between lists the channels that both agencies are in and that pass want.
func (k *Knowledge) between(a, b proto.Agency, want func(*Channel) bool) (list []*Channel) {
	for i := range k.Channels {
		c := &k.Channels[i]
		_, hasA := c.party(a)
		_, hasB := c.party(b)
		if hasA && hasB && want(c) {
			list = append(list, c)
		}
	}
	return list
}

func each(*Channel) bool { return true }
