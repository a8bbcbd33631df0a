package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"crossband/client"
	"crossband/cmd/crossband/internal/bench/store"
)

func newBenchStoreCommand(e env) *cobra.Command {
	o := store.Options{}
	var asJSON bool
	c := &cobra.Command{
		Use:   "store",
		Short: "Messages that a relay can accept in a second, each on the disk before it is acknowledged",
		Long: `Messages that a relay can accept in a second, each on the disk before it is
acknowledged, against what the disk gives to the plainest log there is.

For each number of writers, in turns: a file is appended to and synced, one message
at a time; then a group of as many messages as there are writers, in one write and
one sync; then so many writers each store one message after the other in the
relay's own store. The last row is end to end: endpoints say texts through a relay
in a process of its own, each on a talkgroup of its own, one text of each under way.
The endpoints work on this machine too: they seal and sign each text.

  engine          sqlite or postgres: the store alone; relay: end to end, SQLite
  writers         who store, or endpoints that say, at one time
  octets          of one message
  messages/s      kept, and told so to whoever asked
  raw fsync/s     write and fsync of a group, a second
  raw messages/s  what these hold
  single fsync/s  write and fsync of one message, a second
  ratio           messages/s to raw messages/s
  p50, p99 ms     from asking for a message to be kept until it is; of the relay:
                  from saying a text until it is acknowledged

--dir names a folder on the disk to try. --postgres also tries a PostgreSQL server,
in the schema crossband_bench, which is left empty.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			if o.Octets > client.MaxText && o.Endpoints > 0 {
				return usageError{fmt.Errorf("--octets %d: a text has at most %d; --endpoints 0 leaves texts out", o.Octets, client.MaxText)}
			}
			o.Relay = func(config string) []string { return []string{exe, "relay", "run", "--config", config} }
			o.Say = e.sooner()
			rows, err := store.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return printRows(e, rows, asJSON)
		},
	}
	c.Flags().StringVar(&o.Dir, "dir", "", "folder on the disk to try; that of temporary files if empty")
	c.Flags().StringVar(&o.Postgres, "postgres", "", "address of a PostgreSQL server, postgres://…, to try too")
	c.Flags().IntSliceVar(&o.Writers, "writers", []int{1, 16, 256}, "numbers of writers")
	c.Flags().IntVar(&o.Octets, "octets", 600, "of one message: a short text, sealed, with its envelope and its place in the log")
	c.Flags().DurationVar(&o.Slice, "slice", 250*time.Millisecond, "how long one turn lasts")
	c.Flags().IntVar(&o.Rounds, "rounds", 12, "turns of each")
	c.Flags().IntVar(&o.Endpoints, "endpoints", 16, "of the end to end part; 0 leaves it out")
	c.Flags().IntVar(&o.Texts, "texts", 20, "that each endpoint says in a turn")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each row")
	return c
}
