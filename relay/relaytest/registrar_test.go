package relaytest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"crossband/client/registrar"
	"crossband/crypto/identity"
)

// TestABadDocumentKeepsNoCharterAway: the registrar says once which file it could not
// read, and hands out all the rest.
func TestABadDocumentKeepsNoCharterAway(t *testing.T) {
	run(t, func(t *testing.T, b *border) {
		socket, _, err := b.Net.Host()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var log bytes.Buffer
		looked, ended := 0, make(chan struct{})
		go func() { // ends with cancel
			defer close(ended)
			registrar.Run(ctx, registrar.Config{
				Open: func() (*identity.Authority, error) { return b.us.Authority, nil }, Mailbox: b.us.Identity("authority/registrar"), Relay: b.us.Addr, Socket: socket,
				Documents: func() ([]registrar.Document, error) { return nil, errors.New("bad.notice: nonsense") },
				Charters:  func() ([][]byte, error) { looked++; return nil, nil },
				Log:       slog.New(slog.NewTextHandler(&log, nil)),
			})
		}()
		time.Sleep(10 * time.Second)
		cancel()
		<-ended
		if looked < 2 {
			t.Errorf("looked for charters %d times", looked)
		}
		if got := strings.Count(log.String(), "bad.notice"); got != 1 {
			t.Errorf("the file is named %d times:\n%s", got, &log)
		}
	})
}
