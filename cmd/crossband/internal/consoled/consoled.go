// Package consoled puts a console together: a device's session, the bridge for its
// voice, and the server of its page.
package consoled

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"log/slog"
	"net"

	"crossband/client"
	"crossband/client/console"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
)

// Options say which device the console is, and where its page is. Home and Page are
// required.
type Options struct {
	Home       string              // the device's folder
	Page       fs.FS               // the page's files
	Listen     string              // HOST:PORT; empty: a free port of 127.0.0.1
	TLS        *tls.Config         // nil: none, on this machine only
	Passphrase *console.Passphrase // nil: none
	Language   phrase.Language
	Software   string
	Log        *slog.Logger // nil discards
}

// Console is a console at work.
type Console struct {
	Session *client.Session
	server  *console.Server
	bridge  *console.Bridge
	release func() error // ends the session and gives the folder back
}

// Open opens the device's session and the page's socket. It does not wait for the relay:
// the page says whether there is a link. Run serves; Close ends all of it.
func Open(o Options) (*Console, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Console{bridge: console.NewBridge(console.BridgeConfig{Log: o.Log})}
	s, release, err := endpointdir.At(o.Home).Session(c.bridge, o.Log, o.Software)
	if err != nil {
		c.bridge.Close()
		return nil, err
	}
	c.Session, c.release = s, release
	c.server, err = console.New(console.Config{
		Session: s, Bridge: c.bridge, Page: o.Page, Software: o.Software,
		Listen: o.Listen, TLS: o.TLS, Passphrase: o.Passphrase, Language: o.Language, Log: o.Log,
	})
	if err != nil {
		c.bridge.Close()
		return nil, errors.Join(err, release())
	}
	return c, nil
}

// URL is where the page is. On this machine it holds the secret that lets in.
func (c *Console) URL() string { return c.server.URL() }

// Run serves until ctx ends, and returns nil then.
func (c *Console) Run(ctx context.Context) error { return c.server.Run(ctx) }

// Close ends the bridge and the session. Run has returned, or was never called.
func (c *Console) Close() error {
	err := c.server.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // Run has closed it
	}
	c.bridge.Close()
	return errors.Join(err, c.release())
}
