package door

import (
	"errors"
	"net"
	"testing"
)

// TestTheKernelIsAskedForJudgedAddressesOnly: the last check stands by itself,
// whoever calls the dial.
func TestTheKernelIsAskedForJudgedAddressesOnly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := newDialer(Policy{}, nil, nil).dial(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, ErrAddress) {
		t.Errorf("dialled loopback: %v", err)
	}
	listed, err := NewPolicy([]string{"127.0.0.1/32"})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := newDialer(listed, nil, nil).dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
