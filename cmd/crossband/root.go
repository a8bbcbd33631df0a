package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/crossband/internal/soak"
	"crossband/cmd/internal/fips"
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

// oneAtATime lets a progress note and a command write to the same place.
type oneAtATime struct {
	mu sync.Mutex // held for a write
	w  io.Writer
}

func (o *oneAtATime) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(b)
}

// Exit codes, as every command's help lists them.
const (
	exitOK      = 0
	exitFailed  = 1 // something went wrong here
	exitUsage   = 2 // the command line does not fit
	exitRefused = 3 // a rule, here or at the other side, says no; or FIPS 140-3 mode is asked for and off
	exitNoLink  = 4 // the relay or the other side could not be reached in time; what was said may wait in the outbox
	exitFound   = 5 // doctor or status found something wrong, or a desk is unmanned
)

const exitHelp = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a rule,
4 not reached in time, 5 doctor or status found a problem, or a desk is unmanned.`

// usageError marks errors of the command line.
type usageError struct{ error }

// errFound says that doctor found something.
var errFound = errors.New("problems found")

func run(ctx context.Context, args []string, e env) int {
	e.err = &oneAtATime{w: e.err}
	root := newRootCommand(e)
	root.SetArgs(args)
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	switch {
	case errors.Is(err, errFound), errors.Is(err, errMayNot):
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(e.err, "error: interrupted")
	default:
		// What the other side says may be part of it, and several errors may be:
		// one line, and nothing in it that steers a terminal.
		fmt.Fprintln(e.err, "error:", phrase.Inert(strings.ReplaceAll(err.Error(), "\n", "; ")))
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
	case errors.Is(err, client.ErrNoLink), errors.Is(err, client.ErrWaiting), errors.Is(err, errNoStatus), errors.Is(err, context.DeadlineExceeded), errors.As(err, &lost):
		return exitNoLink
	case errors.As(err, &refusal), errors.Is(err, fips.ErrOff), errors.Is(err, identity.ErrNotApproved):
		return exitRefused
	}
	return exitFailed
}

// errWords says that the words heard are not those of the bundle.
var errWords = errors.New("the words do not fit")

// hints says what to try next. They are made here and nowhere else.
func hints(err error, cmd *cobra.Command) []string {
	var usage usageError
	switch {
	case errors.Is(err, agencydir.ErrNotHeld):
		return []string{"crossband agreement list shows what is held"}
	case errors.As(err, &usage):
		return []string{cmd.CommandPath() + " --help shows what fits"}
	case errors.Is(err, endpointdir.ErrBusy):
		return []string{"wait until it has ended, or name another device's folder with --home"}
	case errors.Is(err, endpointdir.ErrNotEnrolled):
		return []string{"crossband enroll --token TOKEN makes it one; the administrator makes the token: crossband agency invite"}
	case errors.Is(err, endpointdir.ErrEnrolled):
		return []string{"name another folder with --home"}
	case errors.Is(err, agencydir.ErrBusy):
		return []string{"look at what they did, in audit.log of the folder too, and try again"}
	case errors.Is(err, agencydir.ErrNeverIssued):
		return []string{
			"compare the name with those in authority/issued.log, in the agency's folder",
			"if the device is real, because that log was restored from a backup: --force revokes the name all the same",
		}
	case errors.Is(err, agencydir.ErrNotEmpty):
		return []string{"name another folder with --dir"}
	case noSound(err):
		return []string{"start PipeWire or PulseAudio, or name its address with --sound-server or PULSE_SERVER; crossband sound list shows its devices", "crossband talk and crossband listen say and hear files"}
	case errors.Is(err, fips.ErrOff):
		return []string{"set GODEBUG=fips140=on in the environment, or use a build made with GOFIPS140=v1.0.0"}
	case errors.Is(err, identity.ErrNotApproved):
		return []string{"GODEBUG=fips140=off in the environment opens it for this once"}
	case errors.Is(err, errNoNotices):
		return []string{"run the relay, or at its machine name its file with --config; to answer from here: crossband notice ack ID --of AGENCY"}
	case errors.Is(err, errNoAdmin):
		return []string{"set admin = \"127.0.0.1:9464\" there and start the relay again, or name the address of another with --admin"}
	case errors.Is(err, errNoStatus):
		return []string{"is the relay running, on this machine, with this address as its admin? crossband relay run; crossband doctor --config looks at its files"}
	case errors.Is(err, soak.ErrNoDisk):
		return []string{"run it as a user who may mount a file system, or leave disk-full out of --faults"}
	case errors.Is(err, soak.ErrNoClock):
		return []string{"clocks can be stepped on linux/amd64 only: leave clock out of --faults"}
	case errors.Is(err, soak.ErrBroken):
		return []string{"the same --seed makes the same plan; --keep DIR keeps journals and logs to look into"}
	case errors.Is(err, errTampered) && cmd.Name() == "report":
		return []string{"crossband incident verify says what was changed", "--even-so makes a report that says on every page that it was"}
	case errors.Is(err, errWords):
		return []string{"have the words of their \"agency export\" read out again, over a line you trust; if they still do not fit, the file is not theirs"}
	case errors.Is(err, client.ErrWaiting):
		return []string{"crossband outbox shows what waits; it goes out whenever a command of this device has a link", "crossband doctor looks for the cause"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, client.ErrNoLink):
		return []string{"crossband doctor looks for the cause", "--timeout waits longer"}
	}
	switch identity.FaultOf(err) {
	case identity.Exposed:
		return []string{"chmod 600 the key file; if others may have read it, enrol again"}
	case identity.BadPassphrase:
		return []string{"--root-passphrase-file names the file that holds the root's passphrase"}
	case identity.Stale:
		return []string{"ask the partner for its newest bundle: crossband agency export"}
	case identity.Exists:
		return nil
	case identity.Malformed:
		return []string{"the file or token is damaged or not complete: get it again"}
	}
	return hintsFor(proto.ReasonOf(err))
}

// hintsFor says what to try next when a rule says no.
func hintsFor(r proto.Reason) []string {
	switch r {
	case proto.ReasonExpired, proto.ReasonNotYetValid:
		return []string{"compare the clocks of both sides; a device that was off too long enrols again, crossband enroll; a relay or registrar: crossband agency renew"}
	case proto.ReasonUnknownAuthority:
		return []string{"exchange bundles again: crossband agency export, then crossband agency trust with the words read out by voice"}
	case proto.ReasonPinChanged:
		return []string{"call the partner over a line you trust: this is not the root that was pinned, and no roll-over came with it"}
	case proto.ReasonWrongAgency:
		return []string{"this is an attack or a mixed-up folder: tell both administrators, and enrol again with an invitation of the own agency"}
	case proto.ReasonWrongUsage, proto.ReasonNoIdentity, proto.ReasonWeakKey, proto.ReasonBadCertificate:
		return []string{"no crossband authority makes such a certificate: enrol again with a new invitation"}
	case proto.ReasonRevoked:
		return []string{"the agency has taken the device out; its administrator may invite it again: crossband agency invite"}
	case proto.ReasonUnknownPeer:
		return []string{"both relays need the other as a peer: crossband agency trust --peer HOST:PORT, then start the relay again"}
	case proto.ReasonVersion:
		return []string{"update the side with the older versions"}
	case proto.ReasonTokenUsed, proto.ReasonTokenExpired, proto.ReasonBadProof:
		return []string{"ask the administrator for a new one: crossband agency invite"}
	case proto.ReasonNoAuthority:
		return []string{"the administrator runs it: crossband agency serve; then try again with the same invitation"}
	case proto.ReasonFloorTaken:
		return []string{"--queue waits for the floor", "--priority peril or emergency takes it"}
	case proto.ReasonClosed:
		return []string{"the agency signs a new charter: crossband agreement put, once its agreement lasts longer"}
	case proto.ReasonNoAgreement, proto.ReasonAgreement, proto.ReasonWithdrawn:
		return []string{"crossband agreement list --dir AGENCY shows what is in force, crossband agreement check what it allows; to change it takes every party's signature: crossband agreement draft --revise"}
	case proto.ReasonNoPackage:
		return []string{"the device has to come to its relay once before it can be taken in: crossband channel list, on that device"}
	case proto.ReasonIncident:
		return []string{"crossband incident list --all shows what this device knows"}
	case proto.ReasonNoChannel, proto.ReasonNotMember, proto.ReasonHailTo:
		return []string{"crossband channel list shows what there is, crossband channel members who is there"}
	}
	return nil
}

func newRootCommand(e env) *cobra.Command {
	root := &cobra.Command{
		Use:           "crossband",
		Short:         "Secure radio and messaging between agencies",
		Long:          "Crossband lets agencies hail, hear and read each other across a border.\nEach keeps its own relay and keys; no relay can open what it carries.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          showHelp,

		DisableFlagsInUseLine: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	requireFIPS := root.PersistentFlags().Bool("fips", false, "refuse to do anything unless FIPS 140-3 mode is in force")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if *requireFIPS {
			return fips.Require("--fips")
		}
		return nil
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newAgencyCommand(e), newAgreementCommand(e), newRelayCommand(e), newEnrollCommand(e), newChannelCommand(e), newHailCommand(e), newIncidentCommand(e), newDeskCommand(e), newPatrolCommand(e), newPhrasesCommand(e), newConsoleCommand(e),
		newTalkCommand(e), newListenCommand(e), newHandheldCommand(e), newSoundCommand(e), newParrotCommand(e), newTextCommand(e), newOutboxCommand(e), newStatusCommand(e), newNoticeCommand(e), newDoctorCommand(e), newHookCommand(e), newDemoCommand(e), newSoakCommand(e), newSoakEndpointCommand(e), newBenchCommand(e), newBenchYardstickCommand(e), newVersionCommand(e),
	)
	complete(root)
	return root
}

// group makes a command that only holds others.
func group(use, short string, of ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: knownCommand, RunE: showHelp, DisableFlagsInUseLine: true}
	c.AddCommand(of...)
	return c
}

func showHelp(c *cobra.Command, _ []string) error { return c.Help() }

// knownCommand refuses what is left over when no command of a group fits.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		return fmt.Errorf("%s has no command %q; did you mean %s?", c.CommandPath(), args[0], strings.Join(like, " or "))
	}
	return fmt.Errorf("%s has no command %q", c.CommandPath(), args[0])
}

// complete makes arguments that do not fit a usage error everywhere, and every
// help end with the exit codes.
func complete(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	if c.Long == "" {
		c.Long = c.Short + "."
	}
	c.Long += "\n" + exitHelp
	for _, sub := range c.Commands() {
		complete(sub)
	}
}

func (e env) printf(format string, args ...any) { fmt.Fprintf(e.out, format, args...) }

func (e env) note(format string, args ...any) { fmt.Fprintf(e.err, format+"\n", args...) }

func (e env) json(v any) error {
	enc := json.NewEncoder(e.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// jsonLine prints one object on a line of its own, for readers of a stream.
func (e env) jsonLine(v any) error { return json.NewEncoder(e.out).Encode(v) }

// Progress notes come after this long, and then more rarely.
const (
	patienceFirst = 2 * time.Second
	patienceNext  = 10 * time.Second
)

// patience says what is being waited for while it takes long. The returned
// function ends it.
func (e env) patience(format string, args ...any) (stop func()) {
	start, what := time.Now(), fmt.Sprintf(format, args...)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		for wait := patienceFirst; ; wait = patienceNext {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
				e.note("%s, %v so far", what, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() { cancel(); <-ended }
}
