package agencydir

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"crossband/cmd/internal/relayd"
	"crossband/crypto/identity"
	"crossband/proto"
)

// Roll replaces the root by a new one; both are accepted for overlap.
func (d Dir) Roll(rootPassphrase []byte, overlap time.Duration, now time.Time) (b *identity.Bundle, err error) {
	err = d.act("roll", fmt.Sprintf("root, both accepted for %v", overlap), now, func() error {
		a, err := d.Authority()
		if err != nil {
			return err
		}
		if b, err = a.RollRoot(rootPassphrase, overlap, now); err != nil {
			return err
		}
		return d.handTrustToRelay(a, now)
	})
	return b, err
}

// RenewIssuing makes a new issuing authority and says until when it lasts.
func (d Dir) RenewIssuing(rootPassphrase []byte, now time.Time) (until time.Time, err error) {
	err = d.act("roll", "issuing authority", now, func() error {
		a, err := d.Authority()
		if err != nil {
			return err
		}
		if err := a.RenewIssuing(rootPassphrase, now); err != nil {
			return err
		}
		until, err = a.IssuingUntil(now)
		return err
	})
	return until, err
}

// Update takes a newer bundle of a partner that is pinned already; known says
// whether it is. It needs no voice: the pinned root vouches for what follows it,
// or the bundle is refused.
func (d Dir) Update(b *identity.Bundle, now time.Time) (known bool, err error) {
	a, err := d.Authority()
	if err != nil {
		return false, err
	}
	held, err := a.Pins().Bundle(b.Agency)
	if err != nil || held == nil {
		return false, err
	}
	return true, d.act("trust", string(b.Agency)+" root "+b.Fingerprint().String(), now, func() error {
		if err := a.Pins().Update(b, now); err != nil {
			return err
		}
		return d.handTrustToRelay(a, now)
	})
}

// Untrust takes back the trust in a partner. Its relay is cut off as soon as
// the registrar has handed out the new trust list, and is no peer of ours from
// the relay's next start on.
func (d Dir) Untrust(partner proto.Agency, now time.Time) error {
	return d.act("untrust", string(partner), now, func() error { return d.untrust(partner, now) })
}

func (d Dir) untrust(partner proto.Agency, now time.Time) error {
	a, err := d.Authority()
	if err != nil {
		return err
	}
	if held, err := a.Pins().Bundle(partner); err != nil || held == nil {
		return errors.Join(err, fmt.Errorf("%s is not trusted", partner))
	}
	if err := a.Pins().Unpin(partner); err != nil {
		return err
	}
	if err := d.handTrustToRelay(a, now); err != nil {
		return err
	}
	c, err := relayd.Load(d.RelayConfig())
	if err != nil {
		return err
	}
	c.Identity, c.Charters = "identity", "charters" // as Init wrote them
	c.Peers = slices.DeleteFunc(c.Peers, func(p relayd.Peer) bool { return p.Agency == string(partner) })
	return c.Save(d.RelayConfig())
}
