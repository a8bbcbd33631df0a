// Package nettest runs the built programs of two agencies in network
// namespaces of their own and spoils the paths between them: delay, loss,
// reordering, a smaller MTU, a blackout, a NAT that forgets. It holds tests only.
//
//	us (relay, registrar) --veth-- mid --veth-- mx (relay, registrar)
//	                                |
//	                              veth
//	                                |
//	                         field (devices)
//
// The three have no route to each other: everything passes forwarders in the
// namespace in the middle. It needs root and iproute2, and skips without.
package nettest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// namespace is one machine of the test.
type namespace struct {
	name string // of the namespace, as ip netns knows it
	own  string // its address, with no prefix
	mid  string // the middle's address on the same wire
}

const prefix = "crossband-test-"

// machines are the namespaces of one test.
type machines struct{ us, mx, field, mid namespace }

// newMachines makes the namespaces and wires them. They are gone when the test
// ends, however it ends; what a killed run left behind goes first.
func newMachines(t *testing.T) machines {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a minute: not with -short")
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("network namespaces need Linux and root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("network namespaces need iproute2: ", err)
	}
	removeStale()
	at := func(role string, n int) namespace {
		return namespace{fmt.Sprintf("%s%d-%s", prefix, os.Getpid(), role), fmt.Sprintf("10.77.%d.2", n), fmt.Sprintf("10.77.%d.1", n)}
	}
	m := machines{us: at("us", 1), mx: at("mx", 2), field: at("field", 3), mid: at("mid", 0)}
	for _, ns := range []namespace{m.us, m.mx, m.field, m.mid} {
		t.Cleanup(func() { exec.Command("ip", "netns", "del", ns.name).Run() })
		if out, err := exec.Command("ip", "netns", "add", ns.name).CombinedOutput(); err != nil {
			t.Skipf("this machine lets nobody make network namespaces: %v: %s", err, out)
		}
		ip(t, "-n", ns.name, "link", "set", "lo", "up")
	}
	for i, ns := range []namespace{m.us, m.mx, m.field} {
		far := "to" + strconv.Itoa(i)
		ip(t, "-n", ns.name, "link", "add", "wire", "type", "veth", "peer", "name", far, "netns", m.mid.name)
		ip(t, "-n", ns.name, "addr", "add", ns.own+"/30", "dev", "wire")
		ip(t, "-n", m.mid.name, "addr", "add", ns.mid+"/30", "dev", far)
		ip(t, "-n", ns.name, "link", "set", "wire", "up")
		ip(t, "-n", m.mid.name, "link", "set", far, "up")
	}
	return m
}

// setMTU shrinks a wire at both of its ends.
func (m machines) setMTU(t *testing.T, ns namespace, octets int) {
	t.Helper()
	ip(t, "-n", ns.name, "link", "set", "wire", "mtu", strconv.Itoa(octets))
	for i, other := range []namespace{m.us, m.mx, m.field} {
		if other == ns {
			ip(t, "-n", m.mid.name, "link", "set", "to"+strconv.Itoa(i), "mtu", strconv.Itoa(octets))
		}
	}
}

func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// removeStale removes namespaces of runs whose process is no more.
func removeStale() {
	names, _ := filepath.Glob("/run/netns/" + prefix + "*")
	for _, path := range names {
		name := filepath.Base(path)
		pid, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			exec.Command("ip", "netns", "del", name).Run()
		}
	}
}

// listenIn opens a UDP socket in a namespace: a socket belongs to the one in
// which it was made, whoever uses it.
func listenIn(ns namespace, addr string) (*net.UDPConn, error) {
	type result struct {
		conn *net.UDPConn
		err  error
	}
	done := make(chan result, 1)
	go func() { // ends with the socket made; its thread goes with it, for it is never unlocked
		runtime.LockOSThread()
		f, err := os.Open("/run/netns/" + ns.name)
		if err != nil {
			done <- result{nil, err}
			return
		}
		defer f.Close()
		if _, _, e := syscall.RawSyscall(sysSetns, f.Fd(), syscall.CLONE_NEWNET, 0); e != 0 {
			done <- result{nil, fmt.Errorf("setns: %w", e)}
			return
		}
		udp, err := net.ResolveUDPAddr("udp4", addr)
		if err != nil {
			done <- result{nil, err}
			return
		}
		conn, err := net.ListenUDP("udp4", udp)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}
