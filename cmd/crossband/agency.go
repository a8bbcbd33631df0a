package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/registrar"
	"crossband/cmd/crossband/internal/agencydir"
	"crossband/crypto/identity"
	"crossband/proto"
)

func newAgencyCommand(e env) *cobra.Command {
	return group("agency", "Found an agency, enrol its devices, trust its partners",
		newAgencyInitCommand(e), newAgencyInviteCommand(e), newAgencyExportCommand(e), newAgencyTrustCommand(e), newAgencyServeCommand(e), newAgencyRollCommand(e), newAgencyUntrustCommand(e), newAgencyRenewCommand(e),
		newAgencyRevokeCommand(e), newAgencyRevokedCommand(e), newAgencyDrillCommand(e))
}

func dirFlag(c *cobra.Command, dir *string) {
	c.Flags().StringVar(dir, "dir", "agency", "the agency's folder")
}

func newAgencyInitCommand(e env) *cobra.Command {
	var dir, domain, relay, address, listen, passphrase string
	var small bool
	c := &cobra.Command{
		Use:   "init --domain DOMAIN --address HOST:PORT",
		Short: "Make a new agency: root, issuing authority and first relay",
		Long: `Make a new agency in a folder: an offline root, an online issuing authority,
the registrar's identity and the first relay with its configuration.
The root's key can be protected with a passphrase (read from a file) and should
then be moved off the machine: DIR/authority/root.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if domain == "" || address == "" {
				return usageError{errors.New("--domain, who the agency is, and --address, where others reach its relay, are required")}
			}
			agency, err := proto.ParseAgency(domain)
			if err != nil {
				return usageError{err}
			}
			if err := checkAddresses(address, listen); err != nil {
				return err
			}
			if _, err := proto.ParseName(proto.Name{Agency: agency, Role: proto.RoleRelay, Label: relay}.String()); err != nil {
				return usageError{fmt.Errorf("--relay: %w", err)}
			}
			pass, err := readPassphrase(passphrase)
			if err != nil {
				return err
			}
			d, err := agencydir.Init(dir, agencydir.Setup{
				Agency: agency, Relay: relay, Address: address, Listen: listen, Passphrase: pass, SmallKeys: small,
			}, time.Now())
			if err != nil {
				return err
			}
			a, err := d.Authority()
			if err != nil {
				return err
			}
			e.printf("agency %s in %s\nroot fingerprint: %s\n", agency, dir, a.Bundle().Fingerprint())
			e.note("next: crossband relay run --config %s\n      crossband agency serve --dir %s", d.RelayConfig(), dir)
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&domain, "domain", "", "the agency's name, such as usbp.example")
	c.Flags().StringVar(&relay, "relay", "relay-1", "label of the first relay")
	c.Flags().StringVar(&address, "address", "", "HOST:PORT (UDP) at which devices and partners reach the relay")
	c.Flags().StringVar(&listen, "listen", "", "address to listen on, if it is another")
	c.Flags().StringVar(&passphrase, "root-passphrase-file", "", "file with the passphrase of the root's key")
	c.Flags().BoolVar(&small, "p256", false, "P-256 keys instead of P-384")
	return c
}

// checkAddresses refuses what is no HOST:PORT; empty ones are left out.
func checkAddresses(list ...string) error {
	for _, a := range list {
		if a == "" {
			continue
		}
		_, port, err := net.SplitHostPort(a)
		if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n == 0 {
			return usageError{fmt.Errorf("address %q: want HOST:PORT, such as relay.usbp.example:4433", a)}
		}
	}
	return nil
}

func readPassphrase(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return []byte(strings.TrimRight(string(b), "\r\n")), nil
}

func newAgencyInviteCommand(e env) *cobra.Command {
	var dir string
	var ttl time.Duration
	var qr, asJSON bool
	c := &cobra.Command{
		Use:   "invite ROLE/LABEL",
		Short: "Make a one-time invitation for a device, such as unit/del-rio-214",
		Long:  "Make a one-time invitation for a device. Hand it over in secret: whoever holds\nit first becomes the device. Roles: unit, desk, hook, gateway, recorder.",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			t, err := d.Invite(args[0], ttl, time.Now())
			if errors.Is(err, proto.ErrName) {
				return usageError{fmt.Errorf("%w; want ROLE/LABEL, such as unit/del-rio-214", err)}
			}
			if err != nil {
				return err
			}
			if asJSON {
				return e.json(map[string]string{"name": t.Name.String(), "token": t.Text(), "expires": t.Expires.Format(time.RFC3339)})
			}
			if qr {
				code, err := t.QR()
				if err != nil {
					return err
				}
				e.printf("%s\n", code)
			}
			e.printf("%s\n", t.Text())
			e.note("%s\nnext, on the device: crossband enroll --token TOKEN", t)
			return nil
		},
	}
	dirFlag(c, &dir)
	c.Flags().DurationVar(&ttl, "ttl", 24*time.Hour, "how long it can be used")
	c.Flags().BoolVar(&qr, "qr", false, "show it as a QR code too")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newAgencyExportCommand(e env) *cobra.Command {
	var dir, to string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the trust bundle to give to partner agencies",
		Long:  "Write the trust bundle to give to partner agencies. They confirm its\nfingerprint with you by voice: read the words out over a line you trust.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			a, err := d.Authority()
			if err != nil {
				return err
			}
			e.note("fingerprint of %s, to be read out: %s", a.Agency(), a.Bundle().Fingerprint())
			if to == "" {
				_, err = e.out.Write(a.Bundle().Export())
				return err
			}
			return os.WriteFile(to, a.Bundle().Export(), 0o644)
		},
	}
	dirFlag(c, &dir)
	c.Flags().StringVar(&to, "to", "", "file to write; standard output if empty")
	return c
}

type trustOptions struct {
	dir, words, peer string
	link             bool
}

func newAgencyTrustCommand(e env) *cobra.Command {
	var o trustOptions
	c := &cobra.Command{
		Use:   "trust BUNDLE-FILE",
		Short: "Pin a partner agency's root, after its fingerprint was confirmed by voice",
		Long: `Pin a partner agency's root. Its fingerprint must be confirmed by voice: have the
partner read out the words of its "agency export" and give them with --words.
A root that is pinned changes only by a roll-over that the old one signed; then
no words are needed.

--peer HOST:PORT (or --link, to wait for their call) makes the relays link. What may
then be said between the two an agreement says: crossband agreement draft.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runTrust(e, o, args[0]) },
	}
	dirFlag(c, &o.dir)
	c.Flags().StringVar(&o.words, "words", "", "the fingerprint's words as heard by voice")
	c.Flags().StringVar(&o.peer, "peer", "", "HOST:PORT of the partner's relay, to link with it")
	c.Flags().BoolVar(&o.link, "link", false, "link with the partner's relay when it dials")
	return c
}

func runTrust(e env, o trustOptions, file string) error {
	if err := checkAddresses(o.peer); err != nil {
		return err
	}
	d, err := agencydir.Open(o.dir)
	if err != nil {
		return err
	}
	raw, err := readBounded(file, 256<<10)
	if err != nil {
		return err
	}
	b, err := identity.ParseBundle(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if o.words == "" {
		if known, err := d.Update(b, time.Now()); known {
			if err == nil {
				e.printf("%s is trusted as before, by its new bundle\n", b.Agency)
			}
			return err
		}
		return usageError{fmt.Errorf("--words is required: call %s, have them read out the fingerprint of their bundle, and type what you hear", b.Agency)}
	}
	if err := b.Fingerprint().MatchWords(o.words); err != nil {
		return fmt.Errorf("%w the root of %s in %s: %w", errWords, b.Agency, file, err)
	}
	if err := d.Trust(b, b.Fingerprint(), o.peer, o.link || o.peer != "", time.Now()); err != nil {
		return err
	}
	e.printf("%s is trusted\n", b.Agency)
	if o.link || o.peer != "" {
		e.note("next: start the relay again if it runs, so that it links with %s", b.Agency)
	}
	e.note("next: an agreement says what may be said between the two: crossband agreement draft --party ... --party %s", b.Agency)
	return nil
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s: more than %d octets", path, most)
	}
	return b, err
}

func newAgencyServeCommand(e env) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer enrolments and renewals at the agency's relay, until interrupted",
		Long:  "Run the registrar: it answers enrolments and renewals at the agency's relay and\nhands it the trust list and charters. It holds the issuing key, so it should run\non another machine than the relay.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			if err := renewLocal(e, d); err != nil {
				return err
			}
			cfg, err := registrarConfig(d, slog.New(slog.NewTextHandler(e.err, nil)))
			if err != nil {
				return err
			}
			return registrar.Run(cmd.Context(), cfg)
		},
	}
	dirFlag(c, &dir)
	return c
}

func newAgencyRenewCommand(e env) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "renew",
		Short: "Renew the certificates of registrar and relay that were off too long or revoked",
		Long:  "Renew the certificates of registrar and relay in the agency's folder, if it is\ntime. While both run they do it by themselves; after more than a week off\ntheir old certificates are good no more. One that was revoked gets a new key\ntoo. Start them again afterwards.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			d, err := agencydir.Open(dir)
			if err != nil {
				return err
			}
			return renewLocal(e, d)
		},
	}
	dirFlag(c, &dir)
	return c
}

func renewLocal(e env, d agencydir.Dir) error {
	renewed, err := d.Renew(time.Now())
	for _, n := range renewed {
		e.note("renewed: %s", n)
	}
	return err
}

// documentsOf reads what the registrar hands over beside charters. The error names
// the files that cannot be read; all others are there.
func documentsOf(d agencydir.Dir) func() ([]registrar.Document, error) {
	return func() (list []registrar.Document, err error) {
		documents, wrong := d.Documents()
		announced, err := d.NoticeDocuments(time.Now())
		for _, doc := range append(documents, announced...) {
			list = append(list, registrar.Document{Kind: doc.Kind, Signed: doc.Signed})
		}
		return list, errors.Join(wrong, err)
	}
}

func registrarConfig(d agencydir.Dir, log *slog.Logger) (registrar.Config, error) {
	id, err := identity.Load(d.Registrar(), nil)
	if err != nil {
		return registrar.Config{}, err
	}
	address, err := d.RelayAddress()
	if err != nil {
		return registrar.Config{}, err
	}
	addr, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return registrar.Config{}, fmt.Errorf("relay %s: %w", address, err)
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return registrar.Config{}, err
	}
	return registrar.Config{
		Open: d.Authority, Mailbox: id, Documents: documentsOf(d), Charters: d.Charters, Relay: addr, Socket: socket, Log: log,
		Save: func(id *identity.Identity) error { return id.Save(d.Registrar(), nil) },
		Taken: func(list []byte) {
			if err := d.NoteTaken(list); err != nil {
				log.Warn("not noted that the relay has the revocation list", "why", err.Error())
			}
		},
	}, nil
}
