package notices

import (
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// Buckets of the store.
const (
	bucketPartners  = "partners"  // by agency: wire.StoredPartner
	bucketReminders = "reminders" // by notice: wire.StoredReminder
)

// Record is one record to be stored. A nil Value deletes it.
type Record struct {
	Bucket     string
	Key, Value []byte
}

// Buckets lists the buckets whose records Load takes.
func Buckets() []string { return []string{bucketPartners, bucketReminders} }

// Load takes in a record of before a restart. One that cannot be read changes
// nothing: the partner is looked at as if for the first time, the notice is told
// again.
func (w *Watch) Load(bucket string, key, value []byte) error {
	switch bucket {
	case bucketPartners:
		return w.loadPartner(key, value)
	case bucketReminders:
		v := new(wire.StoredReminder)
		if err := pb.Unmarshal(value, v); err != nil {
			return err
		}
		if len(key) != len(proto.NoticeID{}) || v.Stage > uint32(proto.StageOver) {
			return proto.Refuse(proto.ReasonMalformed, "reminder")
		}
		w.told[proto.NoticeID(key)] = proto.NoticeStage(v.Stage)
		return nil
	}
	return proto.Refusef(proto.ReasonUnknown, "bucket %q", bucket)
}

func (w *Watch) loadPartner(key, value []byte) error {
	v := new(wire.StoredPartner)
	if err := pb.Unmarshal(value, v); err != nil {
		return err
	}
	agency, err := proto.ParseAgency(string(key))
	if err != nil {
		return err
	}
	l := v.Look
	if l == nil || len(l.Root) != 32 || len(l.Issuer) != 32 || len(v.Changes) > maxStored {
		return proto.Refuse(proto.ReasonMalformed, "partner")
	}
	p := &partner{look: &Look{
		VersionMin: l.VersionMin, VersionMax: l.VersionMax, Capabilities: l.Capabilities, Software: l.Software, Relay: l.Relay,
		Root: [32]byte(l.Root), Issuer: [32]byte(l.Issuer), Key: l.Key, Exchange: l.Exchange, ExchangeOut: l.ExchangeOut, Host: l.Host, Own: l.Own, At: time.UnixMilli(l.AtMs),
	}}
	for _, c := range v.Changes {
		p.alarm(Change{What: Aspect(c.What), Before: c.Before, After: c.After, At: time.UnixMilli(c.AtMs), Why: c.Why, Times: max(1, int(c.Times))})
	}
	w.partners[agency] = p
	return nil
}

func (p *partner) record(a proto.Agency) Record {
	l := p.look
	v := &wire.StoredPartner{Look: &wire.StoredPartner_Look{
		VersionMin: l.VersionMin, VersionMax: l.VersionMax, Capabilities: l.Capabilities, Software: l.Software, Relay: l.Relay,
		Root: l.Root[:], Issuer: l.Issuer[:], Key: l.Key, Exchange: l.Exchange, ExchangeOut: l.ExchangeOut, Host: l.Host, Own: l.Own, AtMs: l.At.UnixMilli(),
	}}
	for _, c := range p.alarms {
		v.Changes = append(v.Changes, &wire.StoredPartner_Change{What: string(c.What), Before: c.Before, After: c.After, AtMs: c.At.UnixMilli(), Why: c.Why, Times: uint32(c.Times)})
	}
	octets, _ := pb.Marshal(v) // cannot fail: all its strings are UTF-8, or come from a message that was
	return Record{bucketPartners, []byte(a), octets}
}

// reminderRecord keeps the stage that was told; stage 0 forgets it.
func reminderRecord(id proto.NoticeID, stage proto.NoticeStage) Record {
	if stage == 0 {
		return Record{bucketReminders, id[:], nil}
	}
	octets, _ := pb.Marshal(&wire.StoredReminder{Stage: uint32(stage)}) // cannot fail: it is one number
	return Record{bucketReminders, id[:], octets}
}
