package yardstick

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
)

// The floor's packets begin with what they are. A join is the group and the key
// under which its sender hears; a voice packet to the server is the group and the
// frame, one from the server a number and the frame sealed under that number.
const (
	packetJoin  = 'j'
	packetVoice = 'v'

	joinLen   = 1 + 2 + floorKey
	voiceHead = 1 + 2
	floorKey  = 16   // octets: AES-128
	floorHead = 8    // octets of the number
	floorMost = 1500 // octets of a packet
)

// ServeFloor seals every frame that comes for a group once for each of its
// listeners and sends all of them with as few system calls as there may be, until
// the context ends. Nothing is acknowledged, repeated, or paced.
func ServeFloor(ctx context.Context, pc *net.UDPConn, ready func()) error {
	defer pc.Close()
	stop := context.AfterFunc(ctx, func() { pc.SetReadDeadline(time.Now()) }) // runs when ctx ends, and ends at once
	defer stop()
	ready()
	s := floorServer{pc: pc, batch: ipv4.NewPacketConn(pc), groups: make(map[uint16]*floorGroup)}
	b := make([]byte, floorMost)
	for {
		n, from, err := pc.ReadFromUDPAddrPort(b)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.take(b[:n], from); err != nil {
			return err
		}
	}
}

type floorServer struct {
	pc     *net.UDPConn
	batch  *ipv4.PacketConn
	groups map[uint16]*floorGroup
}

// floorGroup has a packet ready for each of its listeners.
type floorGroup struct {
	seals    []cipher.AEAD
	numbers  []uint64
	messages []ipv4.Message
	rooms    [][]byte // where each listener's packet is made
}

func (s *floorServer) take(b []byte, from netip.AddrPort) error {
	if len(b) < voiceHead {
		return nil
	}
	id := binary.BigEndian.Uint16(b[1:])
	switch {
	case b[0] == packetJoin && len(b) == joinLen:
		g := s.groups[id]
		if g == nil {
			g = new(floorGroup)
			s.groups[id] = g
		}
		if err := g.add(b[voiceHead:], from); err != nil {
			return err
		}
		_, err := s.pc.WriteToUDPAddrPort(b[:1], from)
		return err
	case b[0] == packetVoice && s.groups[id] != nil:
		return s.groups[id].send(s.batch, b[voiceHead:])
	}
	return nil
}

// add makes an address a listener, once.
func (g *floorGroup) add(key []byte, at netip.AddrPort) error {
	for _, m := range g.messages {
		if m.Addr.(*net.UDPAddr).AddrPort() == at {
			return nil // it asked again
		}
	}
	seal, err := newSeal(key)
	if err != nil {
		return err
	}
	g.seals, g.numbers, g.rooms = append(g.seals, seal), append(g.numbers, 0), append(g.rooms, make([]byte, floorMost+floorHead+seal.Overhead()))
	g.messages = append(g.messages, ipv4.Message{Addr: net.UDPAddrFromAddrPort(at), Buffers: make([][]byte, 1)})
	return nil
}

func newSeal(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func nonce(number uint64) (n [12]byte) {
	binary.BigEndian.PutUint64(n[4:], number)
	return n
}

func (g *floorGroup) send(to *ipv4.PacketConn, frame []byte) error {
	for i, seal := range g.seals {
		g.numbers[i]++
		room, at := g.rooms[i][:floorHead], nonce(g.numbers[i])
		binary.BigEndian.PutUint64(room, g.numbers[i])
		g.messages[i].Buffers[0] = seal.Seal(room, at[:], frame, room)
	}
	for left := g.messages; len(left) > 0; {
		n, err := to.WriteBatch(left, 0)
		if err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// Listener hears one group of a floor, on a socket of its own.
type Listener struct {
	pc   *net.UDPConn
	seal cipher.AEAD
	room []byte
}

// Joining a floor is tried so often: a datagram may be lost.
const (
	floorTries = 20
	floorWait  = 250 * time.Millisecond
)

// JoinFloor makes a new socket a listener of a group.
func JoinFloor(ctx context.Context, server *net.UDPAddr, group uint16) (*Listener, error) {
	key := make([]byte, floorKey)
	rand.Read(key)
	seal, err := newSeal(key)
	if err != nil {
		return nil, err
	}
	pc, err := net.DialUDP("udp4", nil, server)
	if err != nil {
		return nil, err
	}
	l := &Listener{pc: pc, seal: seal, room: make([]byte, floorMost)}
	join := append(binary.BigEndian.AppendUint16([]byte{packetJoin}, group), key...)
	for range floorTries {
		if _, err = pc.Write(join); err != nil || ctx.Err() != nil {
			break
		}
		pc.SetReadDeadline(time.Now().Add(floorWait))
		if _, err = pc.Read(l.room); err == nil {
			return l, pc.SetReadDeadline(time.Time{})
		}
	}
	return nil, fmt.Errorf("floor: %w", errors.Join(ctx.Err(), err, pc.Close()))
}

// Receive returns the next frame, which is good until the next call.
func (l *Listener) Receive() ([]byte, error) {
	n, err := l.pc.Read(l.room)
	if err != nil {
		return nil, err
	}
	if n < floorHead {
		return nil, ErrPacket
	}
	head, sealed := l.room[:floorHead], l.room[floorHead:n]
	at := nonce(binary.BigEndian.Uint64(head))
	frame, err := l.seal.Open(sealed[:0], at[:], sealed, head)
	if err != nil {
		return nil, ErrPacket
	}
	return frame, nil
}

// ErrPacket says that a packet is none of the floor's.
var ErrPacket = errors.New("a packet that does not open")

// Close closes the socket.
func (l *Listener) Close() error { return l.pc.Close() }

// Talker sends frames to a group of a floor.
type Talker struct {
	pc   *net.UDPConn
	room []byte
}

// DialFloor opens a talker's socket.
func DialFloor(server *net.UDPAddr, group uint16) (*Talker, error) {
	pc, err := net.DialUDP("udp4", nil, server)
	if err != nil {
		return nil, err
	}
	return &Talker{pc, binary.BigEndian.AppendUint16([]byte{packetVoice}, group)}, nil
}

// Send sends a frame.
func (t *Talker) Send(frame []byte) error {
	_, err := t.pc.Write(append(t.room[:voiceHead], frame...))
	return err
}

// Close closes the socket.
func (t *Talker) Close() error { return t.pc.Close() }
