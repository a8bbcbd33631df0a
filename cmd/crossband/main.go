// Crossband is the tool of administrators and of endpoints: it founds and
// federates agencies, runs relays, enrols devices, hails, talks, listens and
// texts, finds what is wrong, and shows all of it in a demo.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"crossband/cmd/internal/nodump"
	"crossband/cmd/internal/processors"
)

func main() {
	for _, protect := range protections(os.Args[1:]) {
		if err := protect(); err != nil && !errors.Is(err, nodump.ErrNotHere) {
			fmt.Fprintln(os.Stderr, "warning:", err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if runsRelay(os.Args[1:]) {
		processors.Govern(ctx)
	}
	os.Exit(run(ctx, os.Args[1:], env{os.Stdin, os.Stdout, os.Stderr}))
}

// runsRelay reports whether this process is to be a relay, which has as many processors as
// it needs.
func runsRelay(args []string) bool {
	words := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "-") })
	return len(words) >= 2 && words[0] == "relay" && words[1] == "run"
}

// protections says how far this process's memory is kept to itself. Devices and
// authorities hold keys that open content or make identities. A relay holds
// none, and the demo shows that by searching its relays' memory. The soak run steps
// the clocks of its own processes, which needs a way into their memory; its
// agencies last as long as the run.
func protections(args []string) []func() error {
	if len(args) > 0 && slices.Contains([]string{"relay", "demo", "soak", soakEndpoint}, args[0]) {
		return []func() error{nodump.Cores}
	}
	return []func() error{nodump.Cores, nodump.Memory}
}
