package hub

import (
	"fmt"
	"strings"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/roster"
	"crossband/proto"
	"crossband/proto/wire"
)

// Buckets of the hub's own records in the store. Those with a prefix are one for
// each channel.
const (
	bucketChannels = "channels" // by channel: wire.StoredChannel
	bucketMarks    = "marks"    // by channel: wire.StoredMarks
	bucketWelcomes = "welcomes" // by endpoint and message: wire.Welcome
	bucketPackages = "packages" // by endpoint: wire.PublishKeyPackages
	bucketReturned = "returned" // by endpoint and message: wire.Returned
	bucketEnded    = "ended"    // by channel: wire.StoredChannel
	logPrefix      = "log/"     // by sequence number: wire.StoredEntry
	originPrefix   = "origin/"  // by message: wire.StoredMessage
)

// Load is the order in which a store's records must be loaded: what refers to a
// channel comes after the channels. A bucket that ends in a slash stands for all
// that begin with it.
func Load() []string {
	return []string{bucketDocuments, bucketEnded, bucketChannels, logPrefix, originPrefix, bucketMarks, bucketBarred, bucketDuty, bucketPackages, bucketWelcomes, bucketReturned}
}

// saveChannel stores what a restart needs besides the log.
func (h *Hub) saveChannel(ch *channel) {
	v := &wire.StoredChannel{
		Charter: ch.signed, Created: ch.created,
		EpochSeq: ch.hosted.epochSeq, Head: ch.hosted.head, First: ch.hosted.first,
	}
	m := ch.hosted.members
	if ch.charter.Owner != h.self.Agency {
		m, v.EpochSeq = ch.followed.members, ch.followed.epochSeq
	}
	if m != nil {
		v.Group, _ = m.group.MarshalBinary() // cannot fail: it holds no secret that must not be saved
		v.GroupInfo, v.Since = m.info, m.since
	}
	h.save(bucketChannels, ch.id[:], v)
}

// saveEntry stores a line of the log, without the sealed part where the channel's
// rule keeps that at the sender's agency.
func (h *Hub) saveEntry(ch *channel, a accepted, e *wire.Entry) {
	kept := e
	if ch.charter.Storage == proto.StorageNone && a.from.Agency != h.self.Agency {
		kept = withoutSeal(e)
	}
	h.save(logBucket(ch.id), seqKey(e.Seq), &wire.StoredEntry{Entry: kept, Sum: a.sum[:], From: a.from.String()})
}

func (h *Hub) save(bucket string, key []byte, m pb.Message) {
	octets, _ := pb.Marshal(m) // cannot fail: every part came off the wire or is ours
	h.emit(Write{bucket, key, octets})
}

func (h *Hub) erase(bucket string, key []byte) { h.emit(Write{bucket, key, nil}) }

// load takes in one record of the last run. A record that does not fit leaves
// the hub as it is and goes into the audit: the rest is served.
func (h *Hub) load(e Loaded) {
	if err := h.loadRecord(e); err != nil {
		h.emit(Audit{Actor: h.self, What: "stored record not loaded", Refusal: proto.Refusef(proto.ReasonLost, "%s: %v", e.Bucket, err)})
	}
}

func (h *Hub) loadRecord(e Loaded) error {
	switch e.Bucket {
	case bucketChannels:
		err := h.loadChannel(e)
		if err != nil {
			h.damaged(Damaged{e.Bucket, e.Key})
		}
		return err
	case bucketDocuments:
		err := h.loadDocument(e)
		if err != nil {
			h.damaged(Damaged{e.Bucket, e.Key})
		}
		return err
	case bucketMarks:
		id, err := proto.ChannelIDFrom(e.Key)
		if err != nil {
			return err
		}
		return h.inChannelOf(id, e, h.loadMarks)
	case bucketPackages:
		return h.loadShelf(e)
	case bucketWelcomes:
		return h.loadWelcome(e)
	case bucketReturned:
		return h.loadReturned(e)
	case bucketBarred:
		return h.loadBar(e.Key, e.Value)
	case bucketDuty:
		return h.loadDuty(e)
	case bucketEnded:
		return h.loadEnded(e)
	}
	if id, ok := messagesOf(e.Bucket); ok {
		load := h.loadEntry
		if strings.HasPrefix(e.Bucket, originPrefix) {
			load = h.loadOrigin
		}
		err := h.inChannelOf(id, e, load)
		if err == nil || h.channels[id] != nil {
			return err
		}
		if h.lost[id] == lossOfMessages { // one line for all of them
			return nil
		}
		h.lose(id, lossOfMessages)
		return err
	}
	return proto.Refuse(proto.ReasonUnknown, "bucket")
}

// messagesOf says of which channel a bucket holds log or origin.
func messagesOf(bucket string) (proto.ChannelID, bool) {
	hex, ok := strings.CutPrefix(bucket, logPrefix)
	if !ok {
		hex, ok = strings.CutPrefix(bucket, originPrefix)
	}
	if !ok {
		return proto.ChannelID{}, false
	}
	id, err := proto.ParseChannelID(hex)
	return id, err == nil
}

// inChannelOf loads a record of a channel. Those of ended ones stay where they are.
func (h *Hub) inChannelOf(id proto.ChannelID, e Loaded, load func(*channel, Loaded) error) error {
	ch := h.channels[id]
	if _, ended := h.ended[id]; ended {
		return nil
	}
	if ch == nil {
		return proto.Refuse(proto.ReasonNoChannel, id.Short())
	}
	return load(ch, e)
}

// loadChannel takes in a channel as it was stored. Its charter was judged when it
// came; it is read again, not judged: what has been revoked or has ended since is
// judged where it is used.
func (h *Hub) loadChannel(e Loaded) error {
	v := new(wire.StoredChannel)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	c, err := h.judge.Payload(v.Charter)
	if err != nil {
		return err
	}
	ch := newChannel(c, v.Charter)
	ch.created = v.Created
	if c.Owner != h.self.Agency {
		h.enter(ch) // with its members unknown rather than not at all
		return h.loadRoster(ch, v)
	}
	ch.hosted.epochSeq, ch.hosted.head, ch.hosted.first = v.EpochSeq, v.Head, v.First
	if v.Created {
		if ch.hosted.members, err = h.loadMembership(ch, v); err != nil {
			return err
		}
	}
	h.enter(ch)
	return nil
}

// loadMembership takes in a channel's group as it was stored. Its members were judged
// when they came: who was one stays one, whatever became of its certificate. Group
// information that does not describe the group is left out, for joiners would be told it:
// a follower asks for it again, a hub has none until the next commit brings it.
func (h *Hub) loadMembership(ch *channel, v *wire.StoredChannel) (*membership, error) {
	group, err := roster.Unmarshal(v.Group, &policy.Gate{Judge: h.judge, Charter: ch.charter, Signed: ch.signed})
	if err != nil {
		return nil, err
	}
	m, err := newPlaces(group, &ch.charter)
	if err != nil {
		return nil, err
	}
	m.since = v.Since
	if err := group.CheckGroupInfo(v.GroupInfo); err == nil {
		m.info = v.GroupInfo
	} else if len(v.GroupInfo) > 0 || ch.charter.Owner == h.self.Agency { // a follower may know none
		h.auditLost(ch, fmt.Sprintf("the group information of epoch %d: %v", m.epoch(), err))
	}
	return m.judged(h.judge, h.now), nil
}

// loadEntry counts a line of the log in: what it repeats, which hails are open.
func (h *Hub) loadEntry(ch *channel, e Loaded) error {
	ch.hosted.head = max(ch.hosted.head, seqOf(e.Key)) // whatever it holds: no other entry gets its number
	v := new(wire.StoredEntry)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	entry := v.Entry
	id, err := proto.MessageIDFrom(entryID(entry))
	if err != nil {
		return err
	}
	if string(seqKey(entry.Seq)) != string(e.Key) || len(v.Sum) != 32 {
		return proto.Refusef(proto.ReasonMalformed, "entry %d", entry.Seq)
	}
	ch.hosted.seen[id] = stored{entry.Seq, [32]byte(v.Sum)}
	from, err := proto.ParseName(v.From)
	if m := proto.EntryEnvelope(entry); m != nil && err == nil {
		ch.marks.number(from, m.GetNumber())
	}
	return ch.loadItem(entry, from)
}

// entryID is the identifier of an entry's item.
func entryID(e *wire.Entry) []byte {
	if m := proto.EntryEnvelope(e); m != nil {
		return m.GetId()
	}
	if p := e.GetPage(); p != nil {
		return p.Id
	}
	return e.GetCommit().GetId()
}

func (h *Hub) loadShelf(e Loaded) error {
	v := new(wire.PublishKeyPackages)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	owner, err := proto.ParseName(string(e.Key))
	if err != nil {
		return err
	}
	h.packages[owner] = &shelf{packages: v.Packages, lastResort: v.LastResort}
	return nil
}

func (h *Hub) loadWelcome(e Loaded) error {
	v := new(wire.Welcome)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	to, err := proto.ParseName(v.To)
	if err != nil {
		return err
	}
	h.welcomes[to] = append(h.welcomes[to], v)
	return nil
}
