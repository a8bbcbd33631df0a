package client

import (
	"fmt"

	"crossband/client/views"
	"crossband/crypto/mls/policy"
	"crossband/crypto/sframe"
	"crossband/proto"
)

// newEpochLocked derives the voice keys of the group's epoch (RFC 9605 5.2)
// for hearing and for talking. We talk under the new key at once: whatever we
// send from now on passes the hub after the hub has sent the others the commit,
// and ears keep a frame that overtook it (RFC 9605 section 6.1).
func (ch *Channel) newEpochLocked() error {
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
	ch.seen = max(ch.seen, epoch)
	sender, err := sframe.NewSender(sframe.SenderConfig{
		Suite: suite, BaseKey: base, Epoch: epoch, Leaf: uint32(ch.group.OwnLeaf()), Context: newContext(ch.restart),
	})
	if err != nil {
		return fmt.Errorf("voice key: %w", err)
	}
	ch.silence()
	ch.sender = sender
	speakers := make(map[uint32]speaker)
	ch.present = make(map[proto.Name]struct{})
	var seats []views.Member
	for _, m := range ch.group.Members() {
		n, err := policy.NameOf(m.Credential)
		if err != nil {
			return err
		}
		key, err := publicKey(m.Credential)
		if err != nil {
			return err
		}
		ch.present[n] = struct{}{}
		seats = append(seats, views.Member{Name: n, Key: key})
		speakers[uint32(m.Leaf)] = speaker{n, key, ch.charter.RightOf(n) == proto.RightSend}
	}
	ch.judgeLocked()
	ch.enterViewLocked(seats)
	ch.s.ears.learn(ch.in, keys{channel: ch.id, suite: suite, epoch: epoch, base: append([]byte(nil), base...), speakers: speakers, own: uint32(ch.group.OwnLeaf())})
	return nil
}

// silence wipes the key that we talk under.
func (ch *Channel) silence() {
	if ch.sender != nil {
		ch.sender.Wipe()
		ch.sender = nil
	}
}
