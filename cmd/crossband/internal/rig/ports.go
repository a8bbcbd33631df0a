package rig

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports gives loopback ports to relays that are started later. They are none of those
// that a system gives to sockets which ask for no port of their own (RFC 6335 6; Linux
// takes 32768 and up), so that no client takes one in the meantime, and none is given
// twice. The zero Ports has given none.
type Ports struct {
	mu    sync.Mutex // guards given
	given map[int]bool
}

const firstPort, lastPort = 16384, 32767

// Free finds a port that nobody uses.
func (p *Ports) Free() (*net.UDPAddr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := errors.New("all ports are given")
	const all = lastPort - firstPort + 1
	for i, start := 0, rand.IntN(all); i < all; i++ { // at random: others on this machine look for ports too
		at := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: firstPort + (start+i)%all}
		if p.given[at.Port] {
			continue
		}
		var c *net.UDPConn
		if c, err = net.ListenUDP("udp", at); err != nil {
			continue
		}
		if p.given == nil {
			p.given = make(map[int]bool)
		}
		p.given[at.Port] = true
		return at, c.Close()
	}
	return nil, err
}

// FreePort finds one port.
func FreePort() (*net.UDPAddr, error) { return new(Ports).Free() }
