package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
	"crossband/proto"
	"crossband/relay/hook/deliver"
	"crossband/relay/store"
)

// newHookOutCommands are the commands of "hook" for what goes out.
func newHookOutCommands(e env) []*cobra.Command {
	return []*cobra.Command{newHookDeliverCommand(e), newHookLogCommand(e), newHookReplayCommand(e), newHookDryRunCommand(e), newHookEnableCommand(e), newHookSecretCommand(e)}
}

// hookOutFlags is what every command about hooks out shares.
type hookOutFlags struct{ home, config string }

func (o *hookOutFlags) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&o.config, "config", "", "file with the targets; default: deliver.toml in the device's folder")
}

func (o *hookOutFlags) file() string {
	if o.config != "" {
		return o.config
	}
	return filepath.Join(o.home, "deliver.toml")
}

type hookDeliverOptions struct {
	device
	channelFlag
	hookOutFlags
}

func newHookDeliverCommand(e env) *cobra.Command {
	var o hookDeliverOptions
	c := &cobra.Command{
		Use:   "deliver",
		Short: "Tell other systems of hails, by signed and retried webhooks",
		Long: `Tell other systems what happens on the calling channel: hails, replies,
incidents that open. The device is one of role hook, enrolled like any other,
and listens on the channel. Each target of the file gets CloudEvents with a
Standard Webhooks signature: who, which desk, which class, when; never what was
said. What was taken is on disk, and is retried until it is delivered.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.hookOutFlags.home = o.device.home
			return runHookDeliver(cmd.Context(), e, o)
		},
	}
	o.device.addFlags(c)
	o.channelFlag.addFlags(c)
	o.hookOutFlags.addFlags(c)
	return c
}

// openDeliverer opens the store and what waits in it.
func openDeliverer(ctx context.Context, o hookOutFlags, source string, log *slog.Logger, result func(deliver.Result)) (*deliver.Deliverer, store.Store, error) {
	f, targets, err := loadHookOut(o.file())
	if err != nil {
		return nil, nil, err
	}
	s, err := store.OpenSQLite(f.Store, store.Options{Limit: f.StoreLimit << 20, Log: log})
	if err != nil {
		return nil, nil, err
	}
	d, err := deliver.Open(ctx, deliver.Config{Source: source, Targets: targets, Store: s, Random: rand.Float64, Log: log, Result: result})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", o.file(), err), s.Close())
	}
	return d, s, nil
}

func runHookDeliver(ctx context.Context, e env, o hookDeliverOptions) (err error) {
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if o.verbose {
		log = slog.New(slog.NewTextHandler(e.err, nil))
	}
	if _, _, err := loadHookOut(o.file()); err != nil { // before the device is taken
		return err
	}
	s, release, err := endpointdir.At(o.device.home).Session(nil, log, version.String())
	if err != nil {
		return err
	}
	known := s.Hails() // of before the link brings more
	st := &station{Session: s, e: e, release: release}
	defer func() { err = errors.Join(err, st.close()) }()
	if s.Name().Role != proto.RoleHook {
		return fmt.Errorf("%s is no hook: enrol a device as hook/NAME", shown(s.Name()))
	}
	d, kept, err := openDeliverer(ctx, o.hookOutFlags, s.Name().String(), log, func(r deliver.Result) { pageResult(log, r) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	desk, err := openDesk(d, o.device.home)
	if err != nil {
		return err
	}
	defer desk.close()
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() { // ends with ctx, or when the store fails
		defer close(ended)
		cancel(d.Run(ctx))
	}()
	defer func() {
		cancel(nil)
		<-ended
	}()
	if err := hookWatch(ctx, e, o, st, d, known, log); err != nil {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return st.out
}

func pageResult(log *slog.Logger, r deliver.Result) {
	if r.Delivered {
		log.Info("page delivered", "target", r.Target, "id", r.ID)
		return
	}
	log.Error("page not delivered", "target", r.Target, "id", r.ID, "why", r.Why)
}

// hookWatch keeps what happens for the targets until ctx ends, or this device
// is taken out.
func hookWatch(ctx context.Context, e env, o hookDeliverOptions, st *station, d *deliver.Deliverer, known []*client.Hail, log *slog.Logger) error {
	for _, ev := range hookMissed(known, st.Name(), time.Now()) {
		if err := hookPut(ctx, d, ev, log); err != nil {
			return err
		}
	}
	linked, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	stop := e.patience("waiting for the relay")
	err := st.connected(linked)
	stop()
	if err != nil {
		return err
	}
	ch, err := o.join(linked, st, proto.KindCalling)
	if err != nil {
		return err
	}
	e.note("delivering for %s as %s", st.title(ch.ID()), shown(st.Name()))
	for {
		ev, ok := st.next(ctx)
		if !ok {
			return nil
		}
		st.mention(ev)
		if out, ok := hookEvent(st.Session, ev, time.Now()); ok {
			if err := hookPut(ctx, d, out, log); err != nil {
				return err
			}
		}
	}
}

// hookPut keeps an event. One that cannot be kept is named in the log; only a
// store that has failed ends the command.
func hookPut(ctx context.Context, d *deliver.Deliverer, ev deliver.Event, log *slog.Logger) error {
	o, err := d.Put(ctx, ev)
	switch {
	case errors.Is(err, deliver.ErrEvent), errors.Is(err, store.ErrFull):
		log.Error("event not taken", "id", ev.ID, "kind", string(ev.Kind), "why", err.Error())
		return nil
	case err != nil && ctx.Err() != nil:
		return nil
	}
	for target, why := range o.Refused {
		log.Error("event not taken", "id", ev.ID, "target", target, "why", why)
	}
	return err
}
