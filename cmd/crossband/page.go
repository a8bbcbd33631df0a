package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"crossband/client/console"
	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/consoled"
	"crossband/cmd/internal/version"
)

// pageFlags say where a page is served, and to whom.
type pageFlags struct{ listen, cert, key, words, authorities string }

// pageHelp is what the help of each command says that serves one.
const pageHelp = `
The address that is printed holds a secret: whoever opens it acts as this device. It
is good until the program ends. Without --listen the page is served to this machine
only. To a network it is served with --tls-cert and --tls-key only, and to those
who know the passphrase of --passphrase-file or show a certificate of --client-ca.

Ctrl-C ends it; what waits in the outbox is kept.`

func (f *pageFlags) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.listen, "listen", "", "HOST:PORT of the page; a free port of 127.0.0.1 if empty")
	c.Flags().StringVar(&f.cert, "tls-cert", "", "certificate of the page's address, with its chain (PEM)")
	c.Flags().StringVar(&f.key, "tls-key", "", "its key (PEM)")
	c.Flags().StringVar(&f.words, "passphrase-file", "", "file whose first line is the passphrase of the page")
	c.Flags().StringVar(&f.authorities, "client-ca", "", "certificates of those who certify browsers (PEM)")
}

// served is a page and whose it is.
type served struct {
	home, lang string
	page       fs.FS
	log        *slog.Logger
}

// serve serves a page until ctx ends.
func (f pageFlags) serve(ctx context.Context, e env, s served) error {
	o, err := f.options(s)
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
	e.note("page of %s; the address is a key: it is good until Ctrl-C", shown(c.Session.Name()))
	return errors.Join(c.Run(ctx), c.Close())
}

// options reads what the flags name.
func (f pageFlags) options(s served) (consoled.Options, error) {
	o := consoled.Options{Home: s.home, Listen: f.listen, Page: s.page, Software: version.String(), Log: s.log}
	var err error
	if o.Language, err = phrase.ParseLanguage(s.lang); err != nil {
		return o, usageError{err}
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

// verboseLog writes to standard error, or nowhere.
func verboseLog(e env, verbose bool) *slog.Logger {
	if verbose {
		return slog.New(slog.NewTextHandler(e.err, nil))
	}
	return slog.New(slog.DiscardHandler)
}

func (f pageFlags) tls() (*tls.Config, error) {
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
