package record

import (
	"encoding/hex"
	"strings"

	"crossband/proto"
)

// Origin names a log: the agency whose relay sequences it, and the incident.
type Origin struct {
	Agency   proto.Agency
	Incident proto.IncidentID
}

const originPart = "/record/"

// String returns AGENCY/record/INCIDENT, the origin line of the log's
// checkpoints (C2SP tlog-checkpoint).
func (o Origin) String() string {
	return string(o.Agency) + originPart + hex.EncodeToString(o.Incident[:])
}

// first is what the first entry names as the entry before it, so that no entry
// fits into two logs.
func (o Origin) first() Digest { return DigestOf([]byte(o.String())) }

// ParseOrigin reads what String wrote and nothing else.
func ParseOrigin(s string) (Origin, error) {
	agency, incident, ok := strings.Cut(s, originPart)
	if !ok {
		return Origin{}, refuse(Malformed, "%.160q is not AGENCY%sINCIDENT", s, originPart)
	}
	var o Origin
	var err error
	if o.Agency, err = proto.ParseAgency(agency); err != nil {
		return Origin{}, refuse(Malformed, "origin %.160q: %v", s, err)
	}
	return o, readHex(o.Incident[:], incident)
}
