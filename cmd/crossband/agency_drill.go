package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
	"crossband/proto"
)

type drillOptions struct {
	dir, witness, confirm string
	exercise, asJSON      bool
	cutLimit, rekeyLimit  time.Duration
	timeout               time.Duration
}

func newAgencyDrillCommand(e env) *cobra.Command {
	return group("drill", "Practise what must go right", newDrillLostCommand(e))
}

func newDrillLostCommand(e env) *cobra.Command {
	var o drillOptions
	c := &cobra.Command{
		Use:   "lost-handset (NAME | --exercise)",
		Short: "Revoke a device and measure how fast it is out everywhere",
		Long: `Revoke a device and measure each step: the list made, taken by the relay, the link
cut, the partners told, the groups re-keyed. What cannot be seen from here is said
to be not observed; it is not counted as done.

With a NAME the device is really revoked, as by "agency revoke". The name must be
given again with --confirm, or typed when asked for. With --exercise a throw-away
device is enrolled, joins what it may, and is revoked: nothing real is lost.

--witness HOME is the folder of a desk's device that no other program uses now: it
watches the groups that it shares with the lost one. Without a witness nothing is
known of the groups. Link and partners are read from the relay's report, which is
there if the relay runs from the agency's folder.

The command fails when a step misses its limit.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.exercise == (len(args) == 1) {
				return usageError{errors.New("want the NAME of the lost device, or --exercise")}
			}
			return runDrill(cmd.Context(), e, o, args)
		},
	}
	dirFlag(c, &o.dir)
	c.Flags().BoolVar(&o.exercise, "exercise", false, "enrol a throw-away device and lose that")
	c.Flags().StringVar(&o.witness, "witness", "", "folder of a desk's device that watches the groups")
	c.Flags().StringVar(&o.confirm, "confirm", "", "the name again")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print the report as JSON")
	c.Flags().DurationVar(&o.cutLimit, "cut-limit", 5*time.Second, "how long the cut may take, and telling partners")
	c.Flags().DurationVar(&o.rekeyLimit, "rekey-limit", 2*time.Second, "how long groups may take after the relay has the list")
	c.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long to prepare")
	return c
}

func runDrill(ctx context.Context, e env, o drillOptions, args []string) error {
	d, err := agencydir.Open(o.dir)
	if err != nil {
		return err
	}
	dr := &drill{e: e, o: o, dir: d, report: drillReport{Exercise: o.exercise}}
	defer dr.close()
	if o.exercise {
		if dr.name, err = dr.throwAway(); err != nil {
			return err
		}
	} else if err := dr.confirmed(args[0]); err != nil {
		return err
	}
	dr.report.Name = dr.name.String()
	if err := dr.prepare(ctx); err != nil {
		return err
	}
	if err := dr.lose(ctx); err != nil {
		return err
	}
	if o.asJSON {
		if err := e.json(dr.report); err != nil {
			return err
		}
	} else {
		dr.report.print(e)
	}
	if !dr.report.Passed {
		return errors.New("the drill missed a limit")
	}
	return nil
}

// confirmed makes sure that the right device is lost: its exact name, twice.
func (d *drill) confirmed(arg string) error {
	name, err := d.dir.Name(arg)
	if errors.Is(err, proto.ErrName) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	again := d.o.confirm
	if again == "" {
		d.e.note("%s will really be revoked. Type its name to go on:", name.Short())
		again, err = bufio.NewReader(d.e.in).ReadString('\n')
		if err != nil && again == "" {
			return usageError{fmt.Errorf("not confirmed: --confirm %s, or type it", name.Short())}
		}
	}
	if again = strings.TrimSpace(again); again != name.Short() && again != name.String() {
		return usageError{fmt.Errorf("not confirmed: %q is not %s; nothing was done", again, name.Short())}
	}
	d.name = name
	return nil
}

// throwAway is the name of a device that nobody has.
func (d *drill) throwAway() (proto.Name, error) {
	id := proto.NewBurstID()
	agency, err := d.dir.Agency()
	return proto.Name{Agency: agency, Role: proto.RoleUnit, Label: fmt.Sprintf("drill-%x", id[:4])}, err
}

// prepare opens the witness and, in an exercise, enrols the device to lose.
func (d *drill) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.o.timeout)
	defer cancel()
	small := false
	if d.o.witness != "" {
		w := device{home: d.o.witness, timeout: d.o.timeout}
		var err error
		if d.witness, err = w.open(ctx, d.e, nil); err != nil {
			return fmt.Errorf("witness: %w", err)
		}
		for _, ch := range d.witness.Channels() {
			small = small || ch.Charter().Suite == proto.SuiteP256
		}
	}
	if !d.o.exercise {
		return nil
	}
	token, err := d.dir.Invite(d.name.Short(), time.Hour, time.Now())
	if err != nil {
		return err
	}
	if d.home, err = os.MkdirTemp("", "crossband-drill-"); err != nil {
		return err
	}
	d.e.note("enrolling %s for the drill; the registrar and the relay have to run", d.name.Short())
	dir := endpointdir.At(d.home)
	if _, err := dir.Enroll(ctx, token, small); err != nil {
		return fmt.Errorf("enrol %s: %w", d.name.Short(), err)
	}
	s, release, err := dir.Session(nil, slog.New(slog.DiscardHandler), version.String())
	if err != nil {
		return err
	}
	d.lost = &station{Session: s, e: d.e, release: release}
	if err := d.lost.connected(ctx); err != nil {
		return err
	}
	return d.joinAll(ctx)
}

// joinAll has the throw-away device join the witness's groups; without a witness
// there is nobody to see it leave them.
func (d *drill) joinAll(ctx context.Context) error {
	if d.witness == nil {
		return nil
	}
	for _, ch := range d.witness.Channels() {
		rules := ch.Charter()
		if _, err := ch.Members(); err != nil || rules.RightOf(d.name) == proto.RightNone {
			continue
		}
		if _, err := d.lost.Join(ctx, ch.ID()); err != nil {
			return fmt.Errorf("%s joins %s: %w", d.name.Short(), rules.Title, err)
		}
	}
	return nil
}

func (d *drill) close() {
	for _, s := range []*station{d.lost, d.witness} {
		if s != nil {
			s.close()
		}
	}
	if d.home != "" {
		os.RemoveAll(d.home)
	}
}
