package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
)

// What the program says follows these rules: what was asked for goes to
// standard output, everything else to standard error; lower case, no full stop
// at the end of an error; "hint:" lines say what to try next.

// env is where a command reads and writes.
type env struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// Exit codes, as every command's help lists them.
const (
	exitOK      = 0
	exitFailed  = 1 // something went wrong here
	exitUsage   = 2 // the command line does not fit
	exitRefused = 3 // a rule, here or at the other side, says no
	exitNoLink  = 4 // the relay or the other side could not be reached in time
	exitFound   = 5 // doctor found something wrong
)

const exitHelp = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a rule,
4 not reached in time, 5 doctor found a problem.`

// usageError marks errors of the command line.
type usageError struct{ error }

// errFound says that doctor found something.
var errFound = errors.New("problems found")

func run(ctx context.Context, args []string, e env) int {
	root := newRootCommand(e)
	root.SetArgs(args)
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errFound) {
		fmt.Fprintln(e.err, "error:", err)
		for _, h := range hints(err, cmd) {
			fmt.Fprintln(e.err, "hint:", h)
		}
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var usage usageError
	var refusal *proto.Refusal
	var lost *link.Lost
	switch {
	case errors.Is(err, errFound):
		return exitFound
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, client.ErrNoLink), errors.Is(err, context.DeadlineExceeded), errors.As(err, &lost):
		return exitNoLink
	case errors.As(err, &refusal):
		return exitRefused
	}
	return exitFailed
}

// hints says what to try next. They are made here and nowhere else.
func hints(err error, cmd *cobra.Command) []string {
	var usage usageError
	if errors.As(err, &usage) {
		return []string{cmd.CommandPath() + " --help shows what fits"}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrNoLink) {
		return []string{"crossband doctor looks for the cause", "--timeout waits longer"}
	}
	switch proto.ReasonOf(err) {
	case proto.ReasonExpired, proto.ReasonNotYetValid:
		return []string{"compare the clocks of both sides", "a device that was off too long enrols again: crossband enroll"}
	case proto.ReasonUnknownAuthority, proto.ReasonPinChanged:
		return []string{"exchange bundles again: crossband agency export, then crossband agency trust with the words read out by voice"}
	case proto.ReasonUnknownPeer:
		return []string{"both relays need the other as a peer: crossband agency trust --peer HOST:PORT"}
	case proto.ReasonTokenUsed, proto.ReasonTokenExpired:
		return []string{"ask the administrator for a new one: crossband agency invite"}
	case proto.ReasonNoAuthority:
		return []string{"the administrator runs it: crossband agency serve"}
	case proto.ReasonFloorTaken:
		return []string{"--queue waits for the floor", "--priority peril or emergency takes it"}
	case proto.ReasonNoChannel, proto.ReasonNotMember:
		return []string{"crossband channel list shows what there is"}
	}
	if identity.FaultOf(err) == identity.Exposed {
		return []string{"chmod 600 the key file"}
	}
	return nil
}

func newRootCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use:           "crossband",
		Short:         "Secure radio and messaging between agencies",
		Long:          "Crossband lets agencies hail, hear and read each other across a border.\nEach keeps its own relay and keys; no relay can open what it carries.\n" + exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newAgencyCommand(e), newRelayCommand(e), newEnrollCommand(e), newChannelCommand(e), newHailCommand(e),
		newTalkCommand(e), newListenCommand(e), newTextCommand(e), newDoctorCommand(e), newDemoCommand(e), newVersionCommand(e),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes a wrong number of arguments a usage error everywhere.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

func (e env) printf(format string, args ...any) { fmt.Fprintf(e.out, format, args...) }

func (e env) note(format string, args ...any) { fmt.Fprintf(e.err, format+"\n", args...) }

func (e env) json(v any) error {
	enc := json.NewEncoder(e.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// device is what every command of an endpoint shares.
type device struct {
	home    string
	timeout time.Duration
	verbose bool
}

func (d *device) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&d.home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().DurationVar(&d.timeout, "timeout", 30*time.Second, "how long to wait for the other side")
	c.Flags().BoolVarP(&d.verbose, "verbose", "v", false, "tell what happens on the way")
}

// session opens the device's session and waits for its link.
func (d *device) session(ctx context.Context, e env, sink client.Sink) (*client.Session, func() error, error) {
	log := slog.New(slog.DiscardHandler)
	if d.verbose {
		log = slog.New(slog.NewTextHandler(e.err, nil))
	}
	s, closing, err := endpointdir.At(d.home).Session(sink, log, version.String())
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := connected(ctx, s); err != nil {
		closing()
		return nil, nil, err
	}
	return s, closing, nil
}

// connected waits for the first link, or for the reason why there is none that
// trying again will not mend.
func connected(ctx context.Context, s *client.Session) error {
	up := make(chan error, 1)
	go func() { up <- s.WaitConnected(ctx) }() // ends with ctx
	var last error
	for {
		select {
		case err := <-up:
			if err != nil && last != nil {
				return fmt.Errorf("%w: %w", err, last)
			}
			return err
		case e := <-s.Events():
			d, ok := e.(client.Disconnected)
			if !ok {
				continue
			}
			last = d.Err
			if r := new(proto.Refusal); errors.As(d.Err, &r) && r.Reason != proto.ReasonClosing {
				return d.Err
			}
		}
	}
}
