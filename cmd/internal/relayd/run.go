package relayd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crossband/crypto/identity"
	"crossband/proto"
	"crossband/relay"
	"crossband/relay/store"
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
	id, err := identity.Load(c.Identity, nil)
	if err != nil {
		return fmt.Errorf("identity in %s: %w", c.Identity, err)
	}
	charters, err := LoadCharters(c.Charters)
	if err != nil {
		return err
	}
	peers, err := c.peers()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	addr, err := net.ResolveUDPAddr("udp", c.Listen)
	if err != nil {
		return fmt.Errorf("%s: listen: %w", path, err)
	}
	socket, err := net.ListenUDP("udp", addr)
	if err != nil {
		return fmt.Errorf("%s: listen: %w", path, err)
	}
	socket.SetReadBuffer(socketBuffer)
	socket.SetWriteBuffer(socketBuffer)
	revoked := &revokedFolder{dir: RevokedDir(path), log: log, seen: make(map[string]time.Time)}
	node, err := relay.New(relay.Config{
		Identity: id, Listen: socket, Store: store.NewMemory(), Peers: peers, Charters: charters,
		Save: func(id *identity.Identity) error { return id.Save(c.Identity, nil) },
		Log:  log, Software: software, Revoked: revoked.write,
	})
	if err != nil {
		socket.Close()
		return err
	}
	if ready != nil {
		ready(socket.LocalAddr())
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { revoked.watch(ctx, node) }) // ends with ctx
	err = node.Run(ctx)
	cancel()
	wg.Wait()
	return err
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
	files, err := filepath.Glob(filepath.Join(dir, "*.charter"))
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
