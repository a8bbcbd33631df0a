package client

import (
	"fmt"
	"time"

	"crossband/crypto/mls/policy"
	"crossband/crypto/sframe"
	"crossband/proto"
)

// mouth is what seals our voice on one channel: the sender of the epoch in
// use, and that of the next one until everybody has had time to follow.
type mouth struct {
	current *sframe.Sender
	next    *sframe.Sender
	from    time.Time // when next takes over
}

// rekeyDelay is how long the old epoch's key is still used for sending after a
// member came: the others' commits are on their way (RFC 9605 section 6.1).
// After a removal the new key is used at once.
const rekeyDelay = 200 * time.Millisecond

// sender returns what to seal with now, nil when we are no member.
func (m *mouth) sender(now time.Time) *sframe.Sender {
	if m.next != nil && !now.Before(m.from) {
		m.current.Wipe()
		m.current, m.next = m.next, nil
	}
	return m.current
}

func (m *mouth) wipe() {
	if m.current != nil {
		m.current.Wipe()
	}
	if m.next != nil {
		m.next.Wipe()
	}
	*m = mouth{}
}

// newEpochLocked derives the voice keys of the group's epoch (RFC 9605 5.2)
// for the ears and the mouth.
func (ch *Channel) newEpochLocked(atOnce bool) error {
	suite := sframe.SuiteAES256GCM
	if ch.charter.Suite == proto.SuiteP256 {
		suite = sframe.SuiteAES128GCM
	}
	base, err := ch.group.Export(sframe.BaseKeyLabel, nil, suite.BaseKeyLen())
	if err != nil {
		return fmt.Errorf("voice key: %w", err)
	}
	defer clear(base)
	epoch := uint64(ch.group.Epoch())
	sender, err := sframe.NewSender(sframe.SenderConfig{
		Suite: suite, BaseKey: base, Epoch: epoch, Leaf: uint32(ch.group.OwnLeaf()), Context: ch.restart,
	})
	if err != nil {
		return fmt.Errorf("voice key: %w", err)
	}
	switch {
	case ch.mouth.current == nil || atOnce:
		ch.mouth.wipe()
		ch.mouth.current = sender
	default:
		if ch.mouth.next != nil {
			ch.mouth.next.Wipe()
		}
		ch.mouth.next, ch.mouth.from = sender, time.Now().Add(rekeyDelay)
	}
	speakers := make(map[uint32]speaker)
	for _, m := range ch.group.Members() {
		n, err := policy.NameOf(m.Credential)
		if err != nil {
			return err
		}
		key, err := publicKey(m.Credential)
		if err != nil {
			return err
		}
		speakers[uint32(m.Leaf)] = speaker{n, key, ch.charter.RightOf(n) == proto.RightSend}
	}
	ch.s.ears.learn(ch.in, keys{channel: ch.id, suite: suite, epoch: epoch, base: append([]byte(nil), base...), speakers: speakers, own: uint32(ch.group.OwnLeaf())})
	return nil
}
