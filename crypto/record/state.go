package record

import (
	"time"
)

// maxState is the most octets of a state.
const maxState = 8 << 10

// State returns what has to be stored to go on after a restart: one line of
// canonical JSON of some hundred octets. It is stored with each line appended.
func (l *Log) State() []byte { return l.chain.state(l.signed) }

// RestoreLog reads what Log.State wrote. Settle then compares with checkpoints.
func RestoreLog(state []byte) (*Log, error) {
	c, signed, err := readState(state)
	if err != nil {
		return nil, err
	}
	return &Log{chain: c, recent: newWindow(&c), signed: signed}, nil
}

// State returns what has to be stored to go on after a restart.
func (r *Replica) State() []byte { return r.chain.state(r.cosigned) }

// RestoreReplica reads what Replica.State wrote. Take then takes the entries
// that were stored after it. A state that is older than the last cosignature
// would let the relay cosign a second history: store it first.
func RestoreReplica(state []byte) (*Replica, error) {
	c, cosigned, err := readState(state)
	if err != nil {
		return nil, err
	}
	return &Replica{chain: c, recent: newWindow(&c), cosigned: cosigned}, nil
}

// stored is a chain and the largest head signed, as fields.
type stored struct {
	closed      bool
	last        Digest
	latest      time.Time
	nodes       []string
	origin      Origin
	signedLast  Digest
	signedRoot  Digest
	signedSize  uint64
	size        uint64
	stateFormat uint16
}

func (s *stored) fields(f *form) {
	f.flag("closed", &s.closed)
	f.digest("last", &s.last)
	f.time("latest", &s.latest, true)
	f.texts("nodes", &s.nodes)
	coded(f, "origin", &s.origin, false, Origin.String, ParseOrigin)
	f.optionalDigest("signed-last", &s.signedLast)
	f.optionalDigest("signed-root", &s.signedRoot)
	number(f, "signed-size", &s.signedSize, 0, MaxEntries, false)
	number(f, "size", &s.size, 0, MaxEntries, false)
	number(f, "v", &s.stateFormat, version, version, false)
}

// texts is a list of texts.
func (f *form) texts(name string, v *[]string) {
	f.field(name, false, false, func() any {
		l := list{}
		for _, s := range *v {
			l = append(l, s)
		}
		return l
	}, func(a any) error {
		l, ok := a.(list)
		if !ok {
			return refuse(Malformed, "no list")
		}
		for _, e := range l {
			s, err := asText(e)
			if err != nil {
				return err
			}
			*v = append(*v, s)
		}
		return nil
	})
}

func (c *chain) state(signed head) []byte {
	s := stored{
		closed: c.closed, last: c.last, latest: c.latest, origin: c.origin, size: c.tree.size,
		signedLast: signed.last, signedRoot: signed.root, signedSize: signed.size, stateFormat: version,
	}
	for _, n := range c.tree.nodes {
		s.nodes = append(s.nodes, n.String())
	}
	f := form{}
	s.fields(&f) // nothing that a chain holds is refused
	return appendValue(nil, f.members.sorted())
}

func readState(state []byte) (chain, head, error) {
	if len(state) > maxState {
		return chain{}, head{}, refuse(TooLarge, "state of %d octets, at most %d are read", len(state), maxState)
	}
	v, err := parseCanonical(state)
	if err != nil {
		return chain{}, head{}, err
	}
	members, ok := v.(object)
	if !ok {
		return chain{}, head{}, refuse(Malformed, "a state is a JSON object")
	}
	s, f := stored{}, form{reading: true, members: members}
	s.fields(&f)
	if f.err != nil {
		return chain{}, head{}, f.err
	}
	c := chain{origin: s.origin, last: s.last, latest: s.latest, closed: s.closed, tree: Tree{size: s.size}}
	for _, n := range s.nodes {
		d, err := ParseDigest(n)
		if err != nil {
			return chain{}, head{}, err
		}
		c.tree.nodes = append(c.tree.nodes, d)
	}
	signed := head{s.signedSize, s.signedRoot, s.signedLast}
	return c, signed, c.check(signed)
}

// check says whether the parts of a state that was read belong together.
func (c *chain) check(signed head) error {
	switch {
	case !c.tree.valid():
		return refuse(Malformed, "a state of %d entries with %d nodes", c.tree.size, len(c.tree.nodes))
	case c.tree.size == 0 && c.last != c.origin.first(), (c.tree.size == 0) != c.latest.IsZero():
		return refuse(Malformed, "a state whose parts do not belong together")
	case signed.size > c.tree.size:
		return refuse(Malformed, "a state of %d entries of which %d are signed", c.tree.size, signed.size)
	case signed.size > 0 && signed.size == c.tree.size && signed != c.head():
		return refuse(Malformed, "a state whose head is not the one signed")
	}
	return nil
}
