package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"crossband/client/console"
	"crossband/client/console/page"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/consoled"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/version"
)

// consoleFlags is the command line of a console.
type consoleFlags struct {
	home, listen, lang            string
	cert, key, words, authorities string
	verbose                       bool
}

func newConsoleCommand(e env) *cobra.Command {
	var f consoleFlags
	c := &cobra.Command{
		Use:   "console",
		Short: "Serve a dispatcher's page for this device",
		Long: `Serve a dispatcher's page for this device: channels with their buttons, calls,
incidents, map, texts, recall and record. The keys stay in this program; the page
holds none.

The address that is printed holds a secret: whoever opens it acts as this device. It
is good until the program ends. Without --listen the page is served to this machine
only. To a network it is served with --tls-cert and --tls-key only, and to those
who know the passphrase of --passphrase-file or show a certificate of --client-ca.

Ctrl-C ends it; what waits in the outbox is kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runConsole(cmd.Context(), e, f) },
	}
	c.Flags().StringVar(&f.home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().StringVar(&f.listen, "listen", "", "HOST:PORT of the page; a free port of 127.0.0.1 if empty")
	c.Flags().StringVar(&f.lang, "lang", "en", "language in which the page begins: en, es or fr")
	c.Flags().StringVar(&f.cert, "tls-cert", "", "certificate of the page's address, with its chain (PEM)")
	c.Flags().StringVar(&f.key, "tls-key", "", "its key (PEM)")
	c.Flags().StringVar(&f.words, "passphrase-file", "", "file whose first line is the passphrase of the page")
	c.Flags().StringVar(&f.authorities, "client-ca", "", "certificates of those who certify browsers (PEM)")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "tell what happens on the way")
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

func runConsole(ctx context.Context, e env, f consoleFlags) error {
	o, err := f.options(e)
	if err != nil {
		return err
	}
	c, err := consoled.Open(o)
	if errors.Is(err, console.ErrExposed) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	e.printf("%s\n", c.URL())
	e.note("console of %s; the address is a key: it is good until Ctrl-C", shown(c.Session.Name()))
	return errors.Join(c.Run(ctx), c.Close())
}

// options reads what the flags name.
func (f consoleFlags) options(e env) (consoled.Options, error) {
	o := consoled.Options{Home: f.home, Listen: f.listen, Page: page.Files(), Software: version.String()}
	var err error
	if o.Language, err = phrase.ParseLanguage(f.lang); err != nil {
		return o, usageError{err}
	}
	if f.verbose {
		o.Log = slog.New(slog.NewTextHandler(e.err, nil))
	}
	if (f.cert == "") != (f.key == "") || f.cert == "" && (f.words != "" || f.authorities != "") {
		return o, usageError{errors.New("--tls-cert and --tls-key belong together; --passphrase-file and --client-ca need them")}
	}
	if f.cert == "" {
		return o, nil
	}
	if o.TLS, err = f.tls(); err != nil {
		return o, err
	}
	if f.words != "" {
		o.Passphrase, err = pagePassphrase(f.words)
	}
	return o, err
}

func (f consoleFlags) tls() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.cert, err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}}
	if f.authorities == "" {
		return c, nil
	}
	pem, err := os.ReadFile(f.authorities)
	if err != nil {
		return nil, err
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in it", f.authorities)
	}
	return c, nil
}

// pagePassphrase takes the words of a file's first line, or the line that was made of
// them.
func pagePassphrase(path string) (*console.Passphrase, error) {
	raw, err := readBounded(path, maxPassphraseLine)
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	words := strings.TrimSuffix(string(line), "\r")
	p, err := console.ParsePassphrase(words)
	if err != nil {
		p, err = console.NewPassphrase(words)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}
