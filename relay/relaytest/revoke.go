package relaytest

import (
	"context"
	"time"

	"crossband/proto"
)

// Revoke has the agency take back what a name holds, and its relay hear of it.
// It returns the list.
func (a *Agency) Revoke(name proto.Name) []byte {
	a.W.T.Helper()
	list, err := a.Authority.Revoke(name, time.Now())
	a.W.check(err)
	a.HandOver(list)
	return list
}

// HandOver gives the agency's relay a revocation list, as out of its folder.
func (a *Agency) HandOver(list []byte) {
	a.W.T.Helper()
	a.W.check(a.Node.Revoke(context.Background(), list))
}
