package client

import (
	"context"
	"errors"
	"net"

	"crossband/proto/link"
)

// Migrate moves the session to another socket, as when the device changes from
// one network to another; the Session closes it. The link goes on where it is,
// in the middle of a burst too, whether the old network is still there or not;
// without a link, or if it cannot be moved before ctx ends, the next one is made
// from the new socket. An error says that a new link has to be made.
func (s *Session) Migrate(ctx context.Context, socket net.PacketConn) error {
	d, err := link.NewDialer(socket, s.linkConfig())
	if err != nil {
		return err
	}
	s.mu.Lock()
	old, conn := s.dialer, s.conn
	s.dialer = d
	s.endBulkLocked() // the next one is made from the new socket
	closed := s.ctx.Err() != nil
	if !closed {
		s.former = append(s.former, old)
	}
	s.mu.Unlock()
	if closed {
		return errors.Join(errClosed, d.Close())
	}
	if conn == nil {
		return ErrNoLink
	}
	if err := conn.Migrate(ctx, d); err != nil {
		conn.Close(nil)
		return err
	}
	return nil
}

// leaveFormer closes the sockets that the session has moved away from. Links
// need them for as long as they last: it is called when one has ended.
func (s *Session) leaveFormer() error {
	s.mu.Lock()
	former := s.former
	s.former = nil
	s.mu.Unlock()
	var err error
	for _, d := range former {
		err = errors.Join(err, d.Close())
	}
	return err
}
