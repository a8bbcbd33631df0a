package agencydir

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"crossband/crypto/charter"
	"crossband/proto"
	"crossband/proto/wire"
)

// Charter signs the charter of a channel of which this agency is the only party, and
// gives it to the relay, which takes it in at its next start. One that needs an
// agreement is made by Put.
func (d Dir) Charter(rules *wire.Charter, now time.Time) (signed []byte, c proto.Charter, err error) {
	err = d.act("charter", fmt.Sprintf("sign %q", rules.Title), now, func() error {
		id, err := d.signer(now)
		if err != nil {
			return err
		}
		if signed, c, err = charter.Sign(id, rules, now); err != nil {
			return err
		}
		if c.NeedsAgreement() {
			return proto.Refusef(proto.ReasonNoAgreement, "%q has other parties", c.Title)
		}
		return d.keep(filepath.Join(d.path, "relay", "charters"), hex.EncodeToString(c.Channel[:8])+".charter", signed)
	})
	return signed, c, err
}
