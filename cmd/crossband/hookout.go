package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
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
steps of ladders, what is done with incidents. The device is one of role hook, enrolled like any other,
and listens on the channel. Each target of the file gets CloudEvents with a
Standard Webhooks signature: who, which desk, which class, when; never what was
said. What was taken is on disk, and is retried until it is delivered. When a
hail's ladder pages this hook, the channel's hub is told at once whether a target
has the page; when all have failed, the ladder goes on to its next step.`,
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
	before := known{s.Hails(), s.Incidents()}
	st := &station{Session: s, e: e, release: release}
	defer func() { err = errors.Join(err, st.close()) }()
	if s.Name().Role != proto.RoleHook {
		return fmt.Errorf("%s is no hook: enrol a device as hook/NAME", shown(s.Name()))
	}
	pages := newPager(sessionPages{s}, log)
	d, kept, err := openDeliverer(ctx, o.hookOutFlags, s.Name().String(), log, func(r deliver.Result) {
		pageResult(log, r)
		pages.result(r)
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	pages.fate = d.Fate
	desk, err := openDesk(d, o.device.home)
	if err != nil {
		return err
	}
	defer desk.close()
	w := hookTeller{e: e, station: st, deliverer: d, pages: pages, log: log}
	if err := w.work(ctx, func(ctx context.Context) error { return w.watch(ctx, o, before) }); err != nil {
		return err
	}
	return st.out
}

// hookTeller tells the targets what the session hears.
type hookTeller struct {
	e env
	*station
	deliverer *deliver.Deliverer
	pages     *pager
	log       *slog.Logger
}

// work delivers and answers while watch puts, which ends with its context. When the
// store fails the pages that wait are answered as failed: nobody else would.
func (w *hookTeller) work(ctx context.Context, watch func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var group sync.WaitGroup
	group.Go(func() { cancel(w.deliverer.Run(ctx)) }) // ends with ctx, or when the store fails
	group.Go(func() { w.pages.run(ctx) })             // ends with ctx
	err := watch(ctx)
	if cause := context.Cause(ctx); err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		err = errStoreFailed{cause}
	}
	if errors.As(err, new(errStoreFailed)) {
		w.pages.giveUp(context.WithoutCancel(ctx)) // it bounds itself
	}
	cancel(nil)
	group.Wait()
	return err
}

// errStoreFailed: nothing is delivered any more.
type errStoreFailed struct{ error }

func (e errStoreFailed) Unwrap() error { return e.error }

func pageResult(log *slog.Logger, r deliver.Result) {
	if r.Delivered {
		log.Info("page delivered", "target", r.Target, "id", r.ID)
		return
	}
	log.Error("page not delivered", "target", r.Target, "id", r.ID, "why", r.Why)
}

// watch keeps what happens for the targets until ctx ends, or this device is taken
// out.
func (w *hookTeller) watch(ctx context.Context, o hookDeliverOptions, before known) error {
	for _, ev := range before.missed(time.Now()) {
		if err := w.put(ctx, ev); err != nil {
			return err
		}
	}
	if err := w.takeUp(ctx, before.hails); err != nil {
		return err
	}
	linked, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	stop := w.e.patience("waiting for the relay")
	err := w.connected(linked)
	stop()
	if err != nil {
		return err
	}
	ch, err := o.join(linked, w.station, proto.KindCalling)
	if err != nil {
		return err
	}
	w.e.note("delivering for %s as %s", w.title(ch.ID()), shown(w.Name()))
	for {
		ev, ok := w.next(ctx)
		if !ok {
			return nil
		}
		w.mention(ev)
		if out, ok := hookEvent(w.Session, ev, time.Now()); ok {
			if err := w.put(ctx, out); err != nil {
				return err
			}
		}
	}
}

// takeUp goes on with the pages of which the last run has not said all that there is
// to say. One that still rings is put, if it was not; of one that rings no more it is
// told how it fared, if it was.
func (w *hookTeller) takeUp(ctx context.Context, hails []*client.Hail) error {
	for _, h := range hails {
		page, ok := h.Page()
		if !ok || page.Delivered {
			continue
		}
		if page.At.IsZero() {
			page.At = time.Now()
		}
		ev := hookPaged(w.Session, client.Paged{
			Hail: h.ID(), Incident: h.Incident(), Round: page.Round, Step: page.Step, To: []proto.Name{w.Name()}, Exercise: h.Exercise(), At: page.At,
		})
		if ev.Page {
			if err := w.put(ctx, ev); err != nil {
				return err
			}
			continue
		}
		w.pages.expect(ev.ID, openPage{hail: h.ID(), round: page.Round, step: page.Step, old: true})
		w.pages.put(ev.ID, 0)
	}
	return nil
}

// put keeps an event, and has a page answered. An event that cannot be kept is named
// in the log; only a store that has failed ends the command.
func (w *hookTeller) put(ctx context.Context, ev deliver.Event) error {
	if ev.Page {
		w.pages.expect(ev.ID, openPage{hail: ev.Hail, round: int(ev.Round), step: int(ev.Step)})
	}
	o, err := w.deliverer.Put(ctx, ev)
	for target, why := range o.Refused {
		w.log.Error("event not taken", "id", ev.ID, "target", target, "why", why)
	}
	why := proto.ReasonNone
	switch {
	case errors.Is(err, deliver.ErrEvent), errors.Is(err, store.ErrFull):
		w.log.Error("event not taken", "id", ev.ID, "kind", string(ev.Kind), "why", err.Error())
		why = proto.ReasonNoPage
	case err != nil && ctx.Err() != nil:
		return nil
	case err != nil:
		return errStoreFailed{err}
	case len(o.Accepted)+len(o.Known)+len(o.Refused) == 0:
		why = proto.ReasonNoTarget
	}
	if ev.Page {
		if why == proto.ReasonNoTarget {
			w.log.Error("page not delivered: no target wants ladder steps", "id", ev.ID)
		}
		w.pages.put(ev.ID, why)
	}
	return nil
}
