package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/console/page"
	"crossband/cmd/crossband/internal/consoled"
	"crossband/cmd/crossband/internal/demo"
	"crossband/cmd/internal/version"
)

// demoFlags is the command line of the demo.
type demoFlags struct {
	demo.Options
	headless bool
	seconds  int
	listen   string
}

func newDemoCommand(e env) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job: a hail crosses the border",
		Long: `Show the main job with three agencies on this machine: three relays in processes
of their own, three authorities, units and desks enrolled by invitation.

Without --headless it opens the console of the US desk for you and prints its address.
Units live around it: one says back what it hears you say, one talks, one calls your
desk for help, and the Mexican desk comes when you call. Ctrl-C ends it.

With --headless, or with --report, nobody is waited for. A hail goes from a US unit to
the Mexican desk, its acceptance, recorded speech both ways, contention for the floor,
text, and the Canadian desk brought in to observe; a call that nobody answers and that
climbs a ladder to the desk across the border; a change that is announced; and the
incident's record, signed by all three and verified. Then the relays' memory, files
and traffic are searched for what was said. It fails if a promise did not hold.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), e, f) },
	}
	c.Flags().BoolVar(&f.headless, "headless", false, "show and measure everything, wait for nobody, and end")
	c.Flags().StringVar(&f.Report, "report", "", "file for a report in JSON; implies --headless")
	c.Flags().StringVar(&f.Dir, "dir", "", "folder to keep agencies, devices and audio in; a temporary one if empty")
	c.Flags().StringVar(&f.listen, "listen", "", "HOST:PORT of the console's page; a free port of 127.0.0.1 if empty")
	c.Flags().IntVar(&f.seconds, "seconds", 0, "end after so many seconds with the console open; 0: by Ctrl-C")
	return c
}

func runDemo(ctx context.Context, e env, f demoFlags) error {
	f.headless = f.headless || f.Report != ""
	if f.seconds < 0 || f.headless && (f.seconds > 0 || f.listen != "") {
		return usageError{errors.New("--seconds and --listen are for the console, which --headless and --report do not open")}
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	f.Relay = func(config string) []string { return []string{exe, "relay", "run", "--config", config} }
	if f.Dir == "" {
		if f.Dir, err = os.MkdirTemp("", "crossband-demo-"); err != nil {
			return err
		}
	} else if f.Dir, err = filepath.Abs(f.Dir); err != nil {
		return err
	}
	f.Out = e.out
	if f.headless {
		return demo.Run(ctx, f.Options)
	}
	f.Console = f.console
	return demo.RunLive(ctx, f.Options)
}

// console serves the dispatcher's page until ctx ends, or the time is over.
func (f demoFlags) console(ctx context.Context, home string, tell func(string)) error {
	c, err := consoled.Open(consoled.Options{Home: home, Page: page.Files(), Listen: f.listen, Software: version.String()})
	if err != nil {
		return err
	}
	if f.seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(f.seconds)*time.Second)
		defer cancel()
	}
	tell(c.URL())
	return errors.Join(c.Run(ctx), c.Close())
}
