package rig

import (
	"fmt"
	"time"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/agreement"
	"crossband/proto"
)

// Agree has agencies sign the usual agreement one after the other, as their
// administrators do with a file that they pass on, and gives it to their relays. The
// first is the owner of its calling channel, which is returned.
func Agree(t agreement.Terms, now time.Time, agencies ...*Agency) (calling proto.ChannelID, err error) {
	made, err := AgreeAll(t, now, agencies...)
	for _, c := range made {
		if c.Kind == proto.KindCalling {
			calling = c.Channel
		}
	}
	return calling, err
}

// AgreeAll is Agree and returns every channel that has been chartered: the calling
// channel, and the talkgroups under their titles.
func AgreeAll(t agreement.Terms, now time.Time, agencies ...*Agency) (made []agencydir.Chartered, err error) {
	a, err := agreement.Usual(t)
	if err != nil {
		return nil, err
	}
	f, err := agreement.Parse(agreement.Write(&a))
	if err != nil {
		return nil, err
	}
	for _, x := range agencies {
		if f, err = x.Dir.Sign(f, now); err != nil {
			return nil, fmt.Errorf("%s signs: %w", x.Name, err)
		}
	}
	for _, x := range agencies {
		more, err := x.Dir.Put(f, now)
		if err != nil {
			return nil, fmt.Errorf("%s takes it: %w", x.Name, err)
		}
		made = append(made, more...)
	}
	return made, nil
}
