package client

import "context"

// Listen says whether the channel's voice is to come here; at first it is. Without it
// everything else comes, who talks too, and one may talk: that is for links that carry
// little. It holds for this Session, over links. With a link it returns when the relay
// keeps to it; without one at once. After an error it is as it was until the next link,
// or until Listen is called again.
func (ch *Channel) Listen(ctx context.Context, on bool) error {
	if !ch.wantVoice(on) {
		return nil
	}
	if err := ch.takeAsking(ctx); err != nil {
		return err
	}
	defer ch.giveAsking()
	ch.s.mu.Lock()
	kept := ch.out == 0 || ch.deafThere == ch.deaf
	ch.s.mu.Unlock()
	if kept {
		return nil
	}
	return ch.ask(ctx)
}

// wantVoice notes what is wanted, and reports whether there is a relay to be told.
func (ch *Channel) wantVoice(on bool) bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	ch.deaf = !on
	return ch.out != 0
}

// Listens reports whether the channel's voice comes here, or will with the next link.
func (ch *Channel) Listens() bool {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	if ch.out != 0 {
		return !ch.deafThere
	}
	return !ch.deaf
}
