package sound

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// errElsewhere says that a sound server is on another machine.
var errElsewhere = errors.New("it is on another machine: voice would go there in the clear")

// tcpPort is where a sound server listens that listens to TCP.
const tcpPort = "4713"

// reach connects to a sound server. The address is a list with spaces between, of
// paths, unix:PATH and tcp:HOST[:PORT] (also tcp4, tcp6), each perhaps after
// {MACHINE}: the first that answers is taken.
func reach(address string) (net.Conn, error) {
	if address == "" {
		address = os.Getenv("PULSE_SERVER")
	}
	if address == "" {
		address = "unix:" + userSocket()
	}
	err := errors.New("no address")
	for _, one := range strings.Fields(address) {
		if strings.HasPrefix(one, "{") {
			_, one, _ = strings.Cut(one, "}")
		}
		var conn net.Conn
		var network, at string
		if network, at, err = serverAddress(one); err != nil {
			continue
		}
		if conn, err = net.DialTimeout(network, at, requestTimeout); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// userSocket is where the user's own sound server listens.
func userSocket() string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	}
	return filepath.Join(dir, "pulse", "native")
}

// serverAddress reads one address.
func serverAddress(s string) (network, at string, err error) {
	if strings.HasPrefix(s, "/") {
		return "unix", s, nil
	}
	network, at, _ = strings.Cut(s, ":")
	switch network {
	case "unix":
		return network, at, nil
	case "tcp", "tcp4", "tcp6":
	default:
		return "", "", fmt.Errorf("address %q: want a path, unix:PATH or tcp:HOST:PORT", s)
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		host, port = strings.Trim(at, "[]"), tcpPort
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", "", fmt.Errorf("address %q: %w", s, errElsewhere)
	}
	return network, net.JoinHostPort(host, port), nil
}

// cookieLen is the length of the secret by which a sound server knows its user.
const cookieLen = 256

// cookie reads the secret. A server that asks for none takes any.
func cookie() ([]byte, error) {
	path := os.Getenv("PULSE_COOKIE")
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return make([]byte, cookieLen), nil
		}
		path = filepath.Join(dir, "pulse", "cookie")
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return make([]byte, cookieLen), nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, cookieLen)
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// steady is a connection that ends in one way only: whatever goes wrong reads as its
// end, and a server that takes nothing for requestTimeout is left.
type steady struct{ net.Conn }

func (c *steady) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

func (c *steady) Write(b []byte) (int, error) {
	err := c.SetWriteDeadline(time.Now().Add(requestTimeout))
	n := 0
	if err == nil {
		n, err = c.Conn.Write(b)
	}
	if err != nil {
		c.Close() // half a request is on its way: nothing after it would be understood
	}
	return n, err
}
