package main

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"crossband/client/console"
	"crossband/client/console/page"
	"crossband/cmd/crossband/internal/endpointdir"
)

func newConsoleCommand(e env) *cobra.Command {
	var f pageFlags
	var home, lang string
	var verbose bool
	c := &cobra.Command{
		Use:   "console",
		Short: "Serve a dispatcher's page for this device",
		Long: `Serve a dispatcher's page for this device: channels with their buttons, calls,
incidents, map, texts, recall and record. The keys stay in this program; the page
holds none.
` + pageHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.serve(cmd.Context(), e, served{home: home, lang: lang, page: page.Files(), log: verboseLog(e, verbose)})
		},
	}
	c.Flags().StringVar(&home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().StringVar(&lang, "lang", "en", "language in which the page begins: en, es or fr")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "tell what happens on the way")
	f.addFlags(c)
	c.AddCommand(newConsolePassphraseCommand(e))
	return c
}

func newConsolePassphraseCommand(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "passphrase",
		Short: "Make the line of a --passphrase-file of a passphrase",
		Long: `Read a passphrase, one line, from standard input and print the line that a file for
--passphrase-file holds in its place: the words cannot be read from it.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			line, err := bufio.NewReader(io.LimitReader(e.in, maxPassphraseLine)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			p, err := console.NewPassphrase(strings.TrimRight(line, "\r\n"))
			if err != nil {
				return usageError{err}
			}
			e.printf("%s\n", p)
			return nil
		},
	}
}

// maxPassphraseLine bounds a passphrase's line, in octets.
const maxPassphraseLine = 4096
