package client

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net"
	"time"

	"crossband/crypto/identity"
	"crossband/crypto/mls/policy"
	"crossband/crypto/mls/tree"
	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
)

// Enroll gets a device its first certificate for a one-time invitation. key is
// the device's own and never leaves it; the caller has saved it before, so that
// a lost answer can be asked for again. The relay in between can neither change
// the request nor read the invitation's secret.
func Enroll(ctx context.Context, token identity.Token, key crypto.Signer, socket net.PacketConn) (*identity.Identity, error) {
	e, err := identity.NewEnrolment(token, key)
	if err != nil {
		return nil, err
	}
	d, err := link.NewDialer(socket, link.Config{})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var tried error
	for _, relay := range token.Relays {
		reply, err := enrolAt(ctx, d, relay, token, e.Request())
		if err == nil {
			return e.Finish(reply, time.Now())
		}
		tried = errors.Join(tried, fmt.Errorf("%s: %w", relay, err))
		if r := new(proto.Refusal); errors.As(err, &r) {
			break // the authority has spoken: another relay will not help
		}
	}
	return nil, tried
}

func enrolAt(ctx context.Context, d *link.Dialer, relay string, token identity.Token, request []byte) ([]byte, error) {
	addr, err := net.ResolveUDPAddr("udp", relay)
	if err != nil {
		return nil, err
	}
	c, err := d.DialEnrol(ctx, addr, func(chain [][]byte) (proto.Name, error) {
		if err := token.VerifyRelay(chain, time.Now()); err != nil {
			return proto.Name{}, err
		}
		return policy.NameOf(tree.X509(chain...))
	})
	if err != nil {
		return nil, err
	}
	defer c.Close(nil)
	if err := c.Send(&wire.Frame{Id: 1, Body: &wire.Frame_Enrol{Enrol: &wire.Enrol{Request: request}}}); err != nil {
		return nil, err
	}
	f, err := c.Receive(ctx)
	if err != nil {
		return nil, err
	}
	if r := f.GetRefused(); r != nil {
		return nil, proto.Refuse(reasonOf(r.Code), r.Detail)
	}
	return f.GetEnrolReply().GetReply(), nil
}
