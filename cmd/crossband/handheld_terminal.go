package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"time"

	"crossband/client"
	"crossband/client/handheld"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
)

// terminalOptions say how a handheld works in a terminal.
type terminalOptions struct {
	home     string
	language phrase.Language
	position string // source of fixes; empty: by hand only
	sound    soundFlags
	log      *slog.Logger
}

// logFile is where the terminal's log goes: the screen has no room for it.
func logFile(path string) (*slog.Logger, func() error, error) {
	if path == "" {
		return slog.New(slog.DiscardHandler), func() error { return nil }, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(f, nil)), f.Close, nil
}

// runTerminal shows the device on the terminal until a person leaves.
func runTerminal(ctx context.Context, e env, o terminalOptions) error {
	var source handheld.FixSource
	if o.position != "" {
		var err error
		if source, err = handheld.ParseFixSource(o.position); err != nil {
			return usageError{err}
		}
	}
	ear := handheld.NewEar(time.Now)
	s, release, err := endpointdir.At(o.home).Session(ear, o.log, version.String())
	if err != nil {
		return err
	}
	card := handheld.NewCard(o.sound.server, o.sound.input, o.sound.output)
	ear.Plays(card)
	u := handheld.NewUnit(handheld.UnitConfig{Session: s, Ear: ear, Audio: card, Language: o.language, Software: version.String(), Log: o.log})
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{}, 3)
	beside := func(run func()) { // each ends with ctx
		go func() {
			run()
			ended <- struct{}{}
		}()
	}
	beside(func() { card.Run(ctx) })
	beside(func() { handheld.Networks(ctx, handheld.LocalAddresses, func() { moveNetwork(ctx, s, o.log) }) })
	beside(func() {
		if o.position != "" {
			source.Follow(ctx, u.SetFix, u.FixTold)
		}
	})
	err = handheld.Terminal(ctx, u, e.in, e.out)
	cancel()
	for range cap(ended) {
		<-ended
	}
	return errors.Join(err, release())
}

// moveFor is how long the link may take to move to another network.
const moveFor = 5 * time.Second

// moveNetwork takes the link along to another network, in the middle of a burst too.
func moveNetwork(ctx context.Context, s *client.Session, log *slog.Logger) {
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		log.Warn("another network", "why", err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, moveFor)
	defer cancel()
	if err := s.Migrate(ctx, socket); err != nil {
		log.Warn("another network: a new link is made", "why", err.Error())
	}
}
