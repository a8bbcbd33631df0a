// Package crowd makes what several benchmarks need: an agency with a relay in a process
// of its own, and many endpoints with certificates, which are links and nothing more, or
// a few that are whole sessions.
package crowd

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/rig"
	"crossband/crypto/agreement"
	"crossband/crypto/identity"
	"crossband/proto"
)

// World is one agency with its authority, its relay and a calling channel.
type World struct {
	Agency   *rig.Agency
	Channels []proto.ChannelID // on which every unit and desk may speak: the calling channel first
	Relay    *rig.Process      // nil until Start

	command func(config string) []string

	mu        sync.Mutex // guards authority, which one goroutine may use at a time
	authority *identity.Authority
}

// Found founds the agency in an empty folder, with a calling channel and so many
// talkgroups; relay is the command line that runs a relay with a configuration file.
// Nothing runs yet.
func Found(dir string, talkgroups int, relay func(config string) []string) (*World, error) {
	listen, err := rig.FreePort()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	a, err := rig.Found(filepath.Join(dir, "agency"), "crowd.example", listen, listen, now)
	if err != nil {
		return nil, err
	}
	w := &World{Agency: a, command: relay}
	if w.Channels, err = agree(dir, a, talkgroups, now); err != nil {
		return nil, err
	}
	w.authority, err = a.Dir.Authority()
	return w, err
}

// agree founds the second agency that an agreement needs. It has no relay.
func agree(dir string, a *rig.Agency, talkgroups int, now time.Time) (channels []proto.ChannelID, err error) {
	b, err := rig.Found(filepath.Join(dir, "partner"), "partner.example", a.Listen, a.Listen, now)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(a.Trust(b, ""), b.Trust(a, "")); err != nil {
		return nil, err
	}
	terms := agreement.Terms{Title: "Crowd", Parties: []proto.Agency{a.Name, b.Name}, Begins: now.Add(-time.Hour), Ends: now.Add(48 * time.Hour)}
	for i := range talkgroups {
		terms.Talk = append(terms.Talk, fmt.Sprintf("Talkgroup %d", i+1))
	}
	made, err := rig.AgreeAll(terms, now, a, b)
	for _, c := range made {
		channels = append(channels, c.Channel)
	}
	return channels, err
}

// Start starts the relay, and returns when it listens.
func (w *World) Start() (err error) {
	w.Relay, err = w.Agency.StartRelay(w.command(w.Agency.Dir.RelayConfig()))
	return err
}

// grace is how long a relay may take to end.
const grace = 10 * time.Second

// Stop asks the relay to end, and waits. It does nothing if there is none.
func (w *World) Stop() {
	if w.Relay != nil {
		w.Relay.End(grace)
	}
}

// Issue makes the identity of one of the agency's endpoints, as an enrolment would: a
// key for suite 7 and a certificate. short is its name within the agency, "unit/7".
func (w *World) Issue(short string, now time.Time) (*identity.Identity, error) {
	name, err := proto.ParseName(fmt.Sprintf("spiffe://%s/%s", w.Agency.Name, short))
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.authority.IssueLocal(name, elliptic.P384(), now)
}

// issueLike makes the identity of one more of the same role, with a key and a
// certificate of its own. It trusts what the first trusts, which is not judged again:
// that is most of what Issue costs.
func (w *World) issueLike(like *identity.Identity, label string, now time.Time) (*identity.Identity, error) {
	id := &identity.Identity{Name: like.Name, Bundle: like.Bundle, Trust: like.Trust}
	id.Name.Label = label
	key, err := identity.GenerateKey(elliptic.P384())
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id.Key = key
	id.Chain, err = w.authority.Issue(request, id.Name, now)
	return id, err
}

// Session is one endpoint of the agency that does everything an endpoint does. It keeps
// its state in memory. sink may be nil. Its events must be drained.
func (w *World) Session(short string, sink client.Sink) (*client.Session, error) {
	id, err := w.Issue(short, time.Now())
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	s, err := client.Open(client.Config{Identity: id, Relay: w.Agency.Listen, Socket: socket, Sink: sink, Log: slog.New(slog.DiscardHandler), Software: "crossband bench"})
	if err != nil {
		socket.Close()
	}
	return s, err
}
