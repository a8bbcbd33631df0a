package client

import "context"

// Listen says whether the channel's voice is to come here; at first it is. Without it
// everything else comes, who talks too, and one may talk: that is for links that carry
// little. It holds for this Session, over links. With a link it returns when the relay
// keeps to it; without one at once.
func (ch *Channel) Listen(ctx context.Context, on bool) error {
	ch.s.mu.Lock()
	same, subscribed := ch.deaf == !on, ch.out != 0
	ch.deaf = !on
	ch.s.mu.Unlock()
	if same || !subscribed {
		return nil
	}
	return ch.subscribe(ctx)
}

// Listens reports whether the channel's voice is wanted here.
func (ch *Channel) Listens() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return !ch.deaf
}
