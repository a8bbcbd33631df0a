package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crossband/client/phrase"
	"crossband/cmd/crossband/internal/endpointdir"
	"crossband/cmd/internal/fips"
	"crossband/cmd/internal/relayd"
	"crossband/cmd/internal/version"
	"crossband/crypto/charter"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/proto/link"
)

// finding is one thing that doctor looked at.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Found  string `json:"found"`
	Fault  string `json:"fault,omitempty"`  // what is wrong, in one or two words that do not change
	Reason int    `json:"reason,omitempty"` // proto.Reason, the same that the other side logs
	Hint   string `json:"hint,omitempty"`
}

type doctorOptions struct {
	home, config string
	timeout      time.Duration
	asJSON       bool
}

func newDoctorCommand(e env) *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what keeps a device or a relay from working",
		Long: `Find out what keeps a device (--home) or a relay (--config) from working: its
files, its certificate, its clock, whether the other side can be reached over
UDP, and what the other side thinks of it. It looks without taking the place of
a working link.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), e, o) },
	}
	c.Flags().StringVar(&o.home, "home", endpointdir.Default(), "the device's folder")
	c.Flags().StringVar(&o.config, "config", "", "a relay's configuration file, to look at the relay instead")
	c.Flags().DurationVar(&o.timeout, "timeout", 5*time.Second, "how long to wait for each other side")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	return c
}

func runDoctor(ctx context.Context, e env, o doctorOptions) error {
	d := &doctor{e: e, timeout: o.timeout}
	if o.config != "" {
		d.relay(ctx, o.config)
	} else {
		d.device(ctx, endpointdir.At(o.home))
	}
	if o.asJSON {
		if err := e.json(d.findings); err != nil {
			return err
		}
	}
	failed := false
	for _, f := range d.findings {
		failed = failed || !f.OK
		if o.asJSON {
			continue
		}
		mark := "ok     "
		if !f.OK {
			mark = "PROBLEM"
		}
		e.printf("%s  %s: %s\n", mark, f.Check, f.Found)
		if f.Hint != "" {
			e.printf("         hint: %s\n", f.Hint)
		}
	}
	if failed {
		return errFound
	}
	return nil
}

// Faults that only doctor knows. Others are identity's, or "refused" with the
// reason that both sides show.
const (
	faultNotEnrolled   = "not enrolled"
	faultConfiguration = "configuration"
	faultOverdue       = "renewal overdue"
	faultAddress       = "bad address"
	faultClock         = "clock"
	faultSilence       = "no answer"
	faultRefused       = "refused"
	faultLocal         = "failed here"
	faultFIPS          = "FIPS 140-3 is off"
	faultChange        = "change notice"
	faultEnding        = "ending soon"
)

// doctor collects findings.
type doctor struct {
	e        env
	timeout  time.Duration
	findings []finding
}

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{Check: check, OK: true, Found: fmt.Sprintf(format, args...)})
}

// bad notes what a fault of doctor's own is about.
func (d *doctor) bad(check, fault string, err error, hint string) {
	d.findings = append(d.findings, finding{Check: check, Fault: fault, Found: phrase.Inert(err.Error()), Hint: hint})
}

// refused notes what a rule says no to, with the code that both sides show. A
// key file that lies open is nobody's rule but ours: it has no code.
func (d *doctor) refused(check string, err error) {
	f := finding{Check: check, Fault: faultLocal, Found: phrase.Inert(err.Error())}
	var r *proto.Refusal
	if errors.As(err, &r) {
		f.Fault, f.Reason = faultRefused, int(r.Reason)
	}
	switch at := identity.FaultOf(err); at {
	case identity.NoFault:
	case identity.Exposed, identity.BadPassphrase:
		f.Fault, f.Reason = at.String(), 0
	default:
		f.Fault = at.String()
	}
	if h := hints(err, nil); len(h) > 0 {
		f.Hint = h[0]
	}
	d.findings = append(d.findings, f)
}

func (d *doctor) device(ctx context.Context, dir endpointdir.Dir) {
	address, err := dir.Relay()
	if err != nil {
		fault := faultConfiguration
		if errors.Is(err, endpointdir.ErrNotEnrolled) {
			fault = faultNotEnrolled
		}
		if errors.Is(err, fips.ErrOff) {
			fault = faultFIPS
		}
		d.bad("device", fault, err, strings.Join(hints(err, nil), "; "))
		return
	}
	id, trust := d.identity(dir.Identity())
	if id == nil {
		return
	}
	d.reach(ctx, "relay "+address, address, id, trust, link.RelayOf(id.Name.Agency))
}

func (d *doctor) relay(ctx context.Context, path string) {
	c, err := relayd.Load(path)
	if err != nil {
		d.bad("configuration", faultConfiguration, err, "docs/OPERATING.md explains every key")
		return
	}
	if c.FIPS {
		if err := fips.Require(path + ": fips = true"); err != nil {
			d.bad("FIPS 140-3", faultFIPS, err, strings.Join(hints(err, nil), "; "))
		} else {
			d.ok("FIPS 140-3", "%s", fips.Read())
		}
	}
	if _, err := net.ResolveUDPAddr("udp", c.Listen); err != nil {
		d.bad("configuration", faultAddress, fmt.Errorf("listen: %w", err), "listen must be HOST:PORT or :PORT of this machine")
	} else {
		d.ok("configuration", "%s", path)
	}
	charters, err := relayd.LoadCharters(c.Charters)
	if err != nil {
		d.bad("charters", faultConfiguration, err, "remove the file; the agency's folder holds every charter that it has signed")
	}
	d.notices(path)
	id, trust := d.identity(c.Identity)
	if id == nil {
		return
	}
	pacts := d.agreements(path, trust)
	for i, signed := range charters {
		what := fmt.Sprintf("charter %d of %d", i+1, len(charters))
		terms, _, err := (charter.Judge{Trust: trust}).Read(signed, time.Now())
		if err == nil {
			err = pacts.Covers(&terms, opening(pacts, &terms, time.Now()))
		}
		if err != nil {
			d.refused(what, err)
		} else {
			d.ok(what, "%s, until %s", phrase.Inert(terms.Title), terms.Expires.UTC().Format(time.RFC3339))
		}
	}
	for _, p := range c.Peers {
		what := "peer " + p.Agency
		if trust.Bundle(proto.Agency(p.Agency)) == nil {
			d.refused(what, proto.Refuse(proto.ReasonUnknownAuthority, p.Agency))
			continue
		}
		if p.Address == "" {
			d.ok(what, "waits to be dialled")
			continue
		}
		d.reach(ctx, what, p.Address, id, trust, link.RelayOf(proto.Agency(p.Agency)))
	}
}

// notices tells what is announced and what it breaks here, as the relay last wrote it.
func (d *doctor) notices(config string) {
	const check = "change notices"
	list, ok, err := relayd.LoadNotices(config)
	if err != nil {
		d.bad(check, faultLocal, err, "")
		return
	}
	if !ok {
		d.ok(check, "none: the relay has written nothing of them yet")
		return
	}
	found := list.Warnings(time.Now())
	for _, w := range found {
		if w.Problem {
			d.bad(check, faultChange, errors.New(w.Text), "crossband notice list shows what was announced")
		} else {
			d.ok(check, "%s", phrase.Inert(w.Text))
		}
	}
	if len(found) == 0 {
		d.ok(check, "nothing is announced that breaks anything here or wants an answer")
	}
}

// identity looks at a key and its certificate as the other side would.
func (d *doctor) identity(dir string) (*identity.Identity, *identity.TrustStore) {
	id, err := identity.Load(dir, nil)
	if err != nil {
		d.refused("identity", err)
		return nil, nil
	}
	now := time.Now()
	trust, err := id.TrustStore(now)
	if err != nil {
		d.refused("trust list", err)
		return nil, nil
	}
	sound := true
	for _, use := range []struct {
		usage identity.Usage
		word  string
	}{{identity.UsageClient, "to dial others"}, {identity.UsageServer, "to be dialled"}} {
		if use.usage == identity.UsageServer && id.Name.Role != proto.RoleRelay {
			continue // nobody dials it
		}
		if _, err := trust.VerifyPeer(id.Chain, use.usage, now); err != nil {
			d.refused("certificate, "+use.word, err)
			sound = false
		}
	}
	leaf, err := id.Leaf()
	if err == nil && sound {
		d.certificate(id, leaf, now)
	}
	d.ok("trusted agencies", "%v", trust.Agencies())
	return id, trust
}

func (d *doctor) certificate(id *identity.Identity, leaf *x509.Certificate, now time.Time) {
	left := leaf.NotAfter.Sub(now).Round(time.Minute)
	if at, err := id.RenewAt(); err == nil && now.After(at.Add(time.Hour)) {
		d.bad("certificate", faultOverdue, fmt.Errorf("%s ends in %v and has not been renewed when it was time", id.Name, left), "is the registrar running? crossband agency serve")
		return
	}
	d.ok("certificate", "%s, valid for another %v", id.Name, left)
}

// reach greets the other side and tells what it says.
func (d *doctor) reach(ctx context.Context, what, address string, id *identity.Identity, trust *identity.TrustStore, expect link.Expect) {
	addr, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		d.bad(what, faultAddress, err, "the address must be HOST:PORT and the name must resolve")
		return
	}
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		d.bad(what, faultLocal, err, "")
		return
	}
	dialer, err := link.NewDialer(socket, link.Config{
		Self: id.Name, Software: version.String(), Probe: true,
		Certificate: func() (*tls.Certificate, error) { c, err := id.TLSCertificate(); return &c, err },
		Verify: func(chain [][]byte, _ bool) (proto.Name, error) {
			return trust.VerifyPeer(chain, identity.UsageServer, time.Now())
		},
	})
	if err != nil {
		d.bad(what, faultLocal, err, "")
		return
	}
	defer dialer.Close()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	defer d.e.patience("asking %s", what)()
	c, err := dialer.Dial(ctx, addr, expect)
	if err != nil {
		d.unreached(what, address, err)
		return
	}
	d.ok(what, "%s answers over UDP, protocol version %d, %s", c.Peer(), c.Version(), c.Software())
	if skew := c.ClockSkew(); skew.Abs() > proto.ClockSkewWarning {
		d.bad("clock", faultClock, fmt.Errorf("the other side's clock is %v ahead of ours", skew.Round(time.Second)), "set both clocks by a time server; certificates and expiry depend on them")
	} else {
		d.ok("clock", "within %v of the other side's", skew.Abs().Round(time.Millisecond)+time.Millisecond)
	}
	c.Close(nil)
	<-c.Done()
}

// unreached tells a refusal, which names its rule, from silence.
func (d *doctor) unreached(what, address string, err error) {
	var theirs *link.RefusedByPeer
	var refusal *proto.Refusal
	switch {
	case errors.As(err, &theirs):
		d.refused(what, fmt.Errorf("it refuses us: %w", theirs.Refusal))
	case errors.As(err, &refusal):
		d.refused(what, fmt.Errorf("we refuse it: %w", refusal))
	default:
		d.bad(what, faultSilence, fmt.Errorf("no answer over UDP from %s: %w", address, err),
			"either nothing runs there, or UDP is blocked on the way: let UDP to this port through every firewall in between")
	}
}
