// Crossband is the tool of administrators and of endpoints: it founds and
// federates agencies, runs relays, enrols devices, hails, talks, listens and
// texts, finds what is wrong, and shows all of it in a demo.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], env{os.Stdin, os.Stdout, os.Stderr}))
}
