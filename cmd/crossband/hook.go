package main

import (
	"context"
	"log/slog"
	"net"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/crossband/internal/hookd"
	"crossband/cmd/internal/version"
	"crossband/relay/hook"
)

func newHookCommand(e env) *cobra.Command {
	return group("hook", "Let automated systems raise incidents", newHookServeCommand(e), newHookRaiseCommand(e), newHookTestCommand(e))
}

// hookDevice is the device that hails for others. It waits for no link: what is
// sent to it is kept while there is none.
type hookDevice struct{ home, config string }

func (d *hookDevice) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&d.home, "home", endpointdir.Default(), "the device's folder; its name is AGENCY/hook/…")
	c.Flags().StringVar(&d.config, "config", "hook.toml", "the configuration file")
}

func newHookServeCommand(e env) *cobra.Command {
	var d hookDevice
	c := &cobra.Command{
		Use:   "serve",
		Short: "Take alerts in over HTTPS, and hail a desk about each",
		Long: `Take alerts of automated systems in and hail a desk about each of them, once.
Sources post to /in/NAME, signed as Standard Webhooks; they may send CAP,
Cursor on Target, CloudEvents and others, as hook.toml allows. What has been
answered with 200 or 202 is on disk and is raised even if this machine fails.
Tests and drafts never ring, exercises only where the file says so.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHookServe(cmd.Context(), e, d) },
	}
	d.addFlags(c)
	return c
}

func runHookServe(ctx context.Context, e env, d hookDevice) (err error) {
	cfg, err := hookd.Load(d.config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, nil))
	s, release, err := endpointdir.At(d.home).Session(nil, log, version.String())
	if err != nil {
		return err
	}
	defer release()
	service := hookd.Service{
		Config: cfg, Session: s, Log: log,
		Ready: func(addr net.Addr) { e.note("taking alerts in at %s%s{source}", addr, hook.Prefix) },
		Seen:  func(ev client.Event) { hookSeen(e, ev) },
	}
	return service.Run(ctx)
}

// hookSeen says what becomes of hails, and whatever a person must look at.
func hookSeen(e env, ev client.Event) {
	switch ev := ev.(type) {
	case client.HailMoved:
		e.note("hail %s: %s by %s", ev.Hail, ev.State, shown(ev.By))
	case client.IncidentOpened:
		e.note("hail %s: incident channel %s", ev.Hail, ev.Channel)
	case client.Disconnected:
		e.note("no link to the relay: %s", phrase.Inert(ev.Err.Error()))
	case client.Alarm:
		e.note("WARNING: %s", phrase.Inert(ev.Why.Error()))
	case client.Expelled:
		e.note("this device is out: %s", phrase.Inert(ev.Why.Error()))
	}
}
