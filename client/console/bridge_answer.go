package console

import (
	"context"
	"slices"

	"crossband/proto"
)

// Close ends what the Bridge began: the pages' connections, and presses with
// ErrBridgeClosed. It returns when all of it has ended.
func (b *Bridge) Close() {
	b.answering <- struct{}{} // an answer under way comes first
	b.mu.Lock()
	b.closed = true
	b.endPressesLocked(ErrBridgeClosed)
	for _, p := range []*voicePage{b.page, b.next} {
		b.closeLocked(p)
	}
	b.page, b.next = nil, nil
	b.mu.Unlock()
	<-b.answering
	b.ended.Wait()
}

// HangUp ends the voice of whatever page has it, and presses with ErrNoVoicePage. It does
// not wait for that. A page may offer anew.
func (b *Bridge) HangUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endPressesLocked(ErrNoVoicePage)
	for _, p := range []*voicePage{b.page, b.next} {
		b.closeLocked(p)
	}
	b.page, b.next = nil, nil
	b.signal()
}

// closeLocked ends a page's connection, on a goroutine of its own: pion waits for its
// own callbacks.
func (b *Bridge) closeLocked(p *voicePage) {
	if p == nil || p.closing {
		return
	}
	p.closing, p.live = true, false
	b.ended.Go(p.close)
}

// connected is told by a page that it can be spoken to. The one before it ends.
func (b *Bridge) connected(p *voicePage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch p {
	case b.next:
		if b.page != nil {
			b.endPressesLocked(ErrVoiceTaken)
			b.closeLocked(b.page)
		}
		b.page, b.next = p, nil
		p.live = true
	case b.page: // it was away for a moment
		p.live = true
	}
	b.signal()
}

// away is told by a page from which nothing comes for some seconds.
func (b *Bridge) away(p *voicePage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p.live = false
	b.signal()
}

// gone is told by a page whose connection has ended, or has never come about.
func (b *Bridge) gone(p *voicePage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closeLocked(p)
	switch p {
	case b.page:
		b.page = nil
		b.endPressesLocked(ErrNoVoicePage)
	case b.next:
		b.next = nil
	}
	b.signal()
}

// pageOf returns the page whose connection an offer renews, or nil.
func (b *Bridge) pageOf(o offer) (*voicePage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrBridgeClosed
	}
	for _, p := range []*voicePage{b.page, b.next} {
		if p != nil && p.session == o.session && !p.closing {
			return p, nil
		}
	}
	return nil, nil
}

// wanted returns what a page is to hear.
func (b *Bridge) wanted() []proto.ChannelID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.channels)
}

// Answer answers a page's offer (SDP): the microphone in a line that sends, and one line
// that receives for each channel, in the order of SetChannels; lines beyond these stay
// empty. A new connection takes over from the one before as soon as it is connected, and
// presses under way end then. A page that offers again over the connection that it has
// is not interrupted.
//
// Voice goes to the address at which the page reached the server (http.LocalAddrContextKey
// of ctx), to 127.0.0.1 if ctx says nothing, and to no other.
func (b *Bridge) Answer(ctx context.Context, offerSDP string) (answerSDP string, err error) {
	o, err := parseOffer(offerSDP)
	if err != nil {
		return "", err
	}
	select {
	case b.answering <- struct{}{}:
		defer func() { <-b.answering }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	p, err := b.pageOf(o)
	switch {
	case err != nil:
		return "", err
	case p != nil:
		answerSDP, err = p.answer(ctx, o, b.wanted())
	default:
		if p, err = newVoicePage(b, o.session, pageAddress(ctx)); err != nil {
			return "", err
		}
		if answerSDP, err = p.answer(ctx, o, b.wanted()); err == nil {
			b.adopt(p)
			p.expect(connectTime)
		}
	}
	if err != nil {
		b.gone(p)
		return "", err
	}
	b.signal()
	return answerSDP, nil
}

// adopt makes a page the next one, in place of any that has not connected yet.
func (b *Bridge) adopt(p *voicePage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closeLocked(b.next)
	b.next = p
}
