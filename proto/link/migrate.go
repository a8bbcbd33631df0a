package link

import (
	"context"
	"errors"
	"fmt"
)

// Migrate moves a link that we dialled to another Dialer's socket, as when a
// device changes from one network to another: it shows the peer that it can be
// reached there (RFC 9000 8.2), and sends from there from then on. What the
// peer sends follows at once. Frames keep their order and none is lost; of voice
// what was under way may be. The old path may be dead already.
//
// Until ctx ends the new path is tried; after an error the link is where it was.
// The link still belongs to the Dialer that dialled it, whose socket must stay
// open as long as the link, and now needs the other's as well: that one is to be
// closed after it.
func (c *Conn) Migrate(ctx context.Context, to *Dialer) error {
	if !c.ends.dialled {
		return fmt.Errorf("link: %w", errNotOurs)
	}
	path, err := c.quic.AddPath(to.s.tr)
	if err != nil {
		return fmt.Errorf("link: new path: %w", err)
	}
	// A probe of a link that has ended would go on: the watch ends it, and ends
	// itself with the return below.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.quic.Context(), cancel)()
	if err := path.Probe(ctx); err != nil {
		path.Close()
		if c.quic.Context().Err() != nil {
			return c.ended()
		}
		return fmt.Errorf("link: new path: %w", err)
	}
	if c.laneIn != nil {
		c.laneIn.join(to.s) // before the peer can know the new path
	}
	if err := path.Switch(); err != nil {
		return fmt.Errorf("link: new path: %w", err)
	}
	c.voice.sound() // the peer learns of the new path from what comes on it
	return nil
}

var errNotOurs = errors.New("only who dialled can move a link")
