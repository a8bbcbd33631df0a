package relayd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"crossband/cmd/internal/adminhttp"
	"crossband/cmd/internal/fips"
	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
)

// socketBuffer is what the kernel is asked to hold for the one UDP socket;
// it may give less.
const socketBuffer = 4 << 20

// Run serves the relay that the file describes until ctx ends. ready, if not
// nil, is told the address once the socket is open.
func Run(ctx context.Context, path string, log *slog.Logger, software string, ready func(net.Addr)) error {
	c, err := Load(path)
	if err != nil {
		return err
	}
	if c.FIPS {
		if err := fips.Require(path + ": fips = true"); err != nil {
			return err
		}
	}
	id, err := identity.Load(c.Identity, nil)
	if err != nil {
		return fmt.Errorf("identity in %s: %w", c.Identity, err)
	}
	charters, err := LoadCharters(c.Charters)
	if err != nil {
		return err
	}
	documents, err := LoadDocuments(AgreementsDir(path))
	if err != nil { // the rest is served
		log.Error("documents not read", "why", err.Error())
	}
	peers, err := c.peers()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	retention, records, err := c.Retention.parse()
	if err != nil {
		return fmt.Errorf("%s: retention: %w", path, err)
	}
	var open closers // what no node has taken over yet
	defer func() { open.close() }()
	socket, err := c.listen(path)
	if err != nil {
		return err
	}
	open = append(open, socket)
	kept, err := c.openStore(ctx, id.Name, log)
	if err != nil {
		return err
	}
	open = append(open, kept)
	admin, err := c.listenAdmin(path)
	if err != nil {
		return err
	}
	if admin != nil {
		open = append(open, admin)
	}
	revoked := newRevokedFolder(RevokedDir(path), log)
	node, err := relay.New(relay.Config{
		Identity: id, Listen: socket, Store: kept, Peers: peers, Documents: documents, Charters: charters,
		Retention: retention, Records: records, Holds: c.holds,
		Save: func(id *identity.Identity) error { return id.Save(c.Identity, nil) },
		Log:  log, Software: software, Revoked: revoked.write,
	})
	if err != nil {
		return err
	}
	open = nil // the node closes socket and store, stop the admin address
	stop := c.showAdmin(ctx, admin, node, log)
	defer stop()
	if ready != nil {
		ready(socket.LocalAddr())
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	given, announced := newDocumentFolders(AgreementsDir(path), c.Charters, log), newNoticesFolder(NoticesDir(path), log)
	wg.Go(func() { // ends with ctx
		lookOften(ctx, lookEvery, func() {
			revoked.look(ctx, node.Revoke)
			given.look(ctx, node)
		})
	})
	wg.Go(func() { lookOften(ctx, noticeEvery, func() { announced.look(ctx, node) }) }) // ends with ctx
	err = node.Run(ctx)
	cancel()
	wg.Wait()
	return err
}

// closers are closed in the order in which they were opened. An error is of no use
// to a relay that does not start for another.
type closers []io.Closer

func (list closers) close() {
	for _, c := range list {
		c.Close()
	}
}

// listen opens the UDP socket.
func (c Config) listen(path string) (*net.UDPConn, error) {
	addr, err := net.ResolveUDPAddr("udp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("%s: listen: %w", path, err)
	}
	socket, err := net.ListenUDP("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: listen: %w", path, err)
	}
	socket.SetReadBuffer(socketBuffer)
	socket.SetWriteBuffer(socketBuffer)
	return socket, nil
}

// listenAdmin opens the admin address; nil when there is none.
func (c Config) listenAdmin(path string) (net.Listener, error) {
	if c.Admin == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", c.Admin)
	if err != nil {
		return nil, fmt.Errorf("%s: admin: %w", path, err)
	}
	return l, nil
}

// showAdmin serves the admin address until the returned function is called,
// which waits for its end. A fault there is logged: the radio goes on.
func (c Config) showAdmin(ctx context.Context, l net.Listener, node *relay.Node, log *slog.Logger) (stop func()) {
	if l == nil {
		return func() {}
	}
	log.Info("admin address open", "address", l.Addr().String())
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		o := adminhttp.Options{Node: node, Started: time.Now(), FIPS: c.FIPS, Open: c.AdminOpen, Log: log}
		if err := adminhttp.Serve(ctx, l, o); err != nil {
			log.Error("admin address closed", "why", err.Error())
		}
	}()
	return func() { cancel(); <-ended }
}

func (c Config) peers() ([]relay.Peer, error) {
	var peers []relay.Peer
	for _, p := range c.Peers {
		peer := relay.Peer{Agency: proto.Agency(p.Agency)}
		if p.Address != "" {
			addr, err := net.ResolveUDPAddr("udp", p.Address)
			if err != nil {
				return nil, fmt.Errorf("peer %s: %w", p.Agency, err)
			}
			peer.Addr = addr
		}
		peers = append(peers, peer)
	}
	return peers, nil
}

// LoadCharters reads the signed charters of a folder; none for no folder.
func LoadCharters(dir string) ([][]byte, error) {
	if dir == "" {
		return nil, nil
	}
	files, err := filesIn(dir, ".charter")
	if err != nil {
		return nil, err
	}
	var charters [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		if len(b) > proto.MaxCharter {
			return nil, fmt.Errorf("%s: %d octets, a charter has at most %d", f, len(b), proto.MaxCharter)
		}
		charters = append(charters, b)
	}
	return charters, nil
}
