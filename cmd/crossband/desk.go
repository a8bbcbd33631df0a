package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/proto"
)

func newDeskCommand(e env) *cobra.Command {
	return group("desk", "Say and see who is on duty at a desk",
		group("duty", "Go on and off duty, hand a desk over, see who is on duty",
			newDutyCommand(e, "on", "This desk is on duty, for itself or for --role", (*client.Channel).OnDuty),
			newDutyCommand(e, "off", "Nobody is on duty for this desk, or for --role", (*client.Channel).OffDuty),
			newDutyHandOverCommand(e), newDutyStatusCommand(e)))
}

type dutyOptions struct {
	incidentOptions
	role string
}

func (o *dutyOptions) addFlags(c *cobra.Command) {
	o.incidentOptions.addFlags(c)
	c.Flags().StringVar(&o.role, "role", "", "desk of the own agency; this one if left out")
	c.Flags().StringVar(&o.note, "note", "", "free text beside it, sealed")
}

// of is the desk that is meant.
func (o dutyOptions) of(s *station) (proto.Name, error) {
	if o.role == "" {
		return s.Name(), nil
	}
	return parseName(o.role)
}

// run tells a change of duty.
func (o dutyOptions) run(ctx context.Context, e env, verb string, tell func(context.Context, *client.Channel, proto.Name) error) error {
	return o.onCalling(ctx, e, func(ctx context.Context, s *station, ch *client.Channel) error {
		role, err := o.of(s)
		if err != nil {
			return err
		}
		if err := tell(ctx, ch, role); err != nil {
			return err
		}
		e.note("done: duty %s, %s", verb, shown(role))
		return nil
	})
}

func newDutyCommand(e env, verb, short string, tell func(*client.Channel, context.Context, proto.Name, string) error) *cobra.Command {
	var o dutyOptions
	c := &cobra.Command{
		Use: verb, Short: short, Args: cobra.NoArgs,
		Long: short + `. A hail to a desk that is off duty alarms all members, and its ladder
goes on at once. Any desk of the agency may speak for another.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), e, verb, func(ctx context.Context, ch *client.Channel, role proto.Name) error {
				return tell(ch, ctx, role, o.note)
			})
		},
	}
	o.addFlags(c)
	return c
}

func newDutyHandOverCommand(e env) *cobra.Command {
	var o dutyOptions
	c := &cobra.Command{
		Use:   "handover NAME",
		Short: "Have another desk of the agency stand in: what is for this one rings there",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := parseName(args[0])
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), e, "handover", func(ctx context.Context, ch *client.Channel, role proto.Name) error {
				return ch.HandOverDuty(ctx, role, to, o.note)
			})
		},
	}
	o.addFlags(c)
	return c
}

// dutyInfo is a desk's duty as `desk duty status --json` prints it.
type dutyInfo struct {
	Desk     string `json:"desk"`
	OnDuty   bool   `json:"on_duty"`
	At       string `json:"at"`
	Unmanned bool   `json:"unmanned"`
	By       string `json:"by,omitempty"`
	Since    string `json:"since"`
}

func newDutyStatusCommand(e env) *cobra.Command {
	var o incidentOptions
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "List the desks of which something has been said: who is on duty, which are unmanned",
		Long: `List the desks of the calling channel of which something has been said since this
device joined: who is on duty, and where nobody is found. Of a desk that is not
listed nothing was said: it is on duty itself. Exit code 5 if one is unmanned.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.onCalling(cmd.Context(), e, func(_ context.Context, _ *station, ch *client.Channel) error {
				return printDuties(e, ch.Duties(), asJSON)
			})
		},
	}
	o.addFlags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printDuties(e env, list []client.Duty, asJSON bool) error {
	infos, unmanned := []dutyInfo{}, 0
	for _, d := range list {
		if d.Unmanned || d.Off {
			unmanned++
		}
		infos = append(infos, dutyInfo{d.Role.String(), !d.Off, d.OnDuty().String(), d.Unmanned, d.By.String(), d.At.UTC().Format(time.RFC3339)})
		if !asJSON {
			e.printf("%s\n", dutyLine(d))
		}
	}
	if asJSON {
		if err := e.json(infos); err != nil {
			return err
		}
	}
	if unmanned > 0 {
		return errFound
	}
	return nil
}

func dutyLine(d client.Duty) string {
	state := "on duty"
	switch {
	case d.Off:
		state = "OFF DUTY"
	case d.StandsIn != (proto.Name{}):
		state = "on duty: " + shown(d.StandsIn)
	}
	if d.Unmanned {
		state += ", UNMANNED"
	}
	return fmt.Sprintf("%-40s %s, since %s", shown(d.Role), state, timeOf(d.At))
}

func dutyNews(d client.DutyChanged) string {
	if !d.On {
		return fmt.Sprintf("%s is off duty, says %s%s", shown(d.Role), shown(d.By), noted(d.Note))
	}
	return fmt.Sprintf("%s is on duty at %s, says %s%s", shown(d.Role), shown(d.At), shown(d.By), noted(d.Note))
}
