package relayd

import (
	"testing"

	"github.com/BurntSushi/toml"
)

// Only what is sure to stay on this machine needs no second key.
func TestCheckAdmin(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:9464", "127.8.9.1:1", "[::1]:9464", "[::ffff:127.0.0.1]:9464"} {
		if err := checkAdmin(address, false); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{":9464", "0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "localhost:9464", "relay.usbp.example:9464", "[fe80::1%eth0]:9464", "128.0.0.1:9464"} {
		if err := checkAdmin(address, false); err == nil {
			t.Errorf("%q needs no second key", address)
		}
		if err := checkAdmin(address, true); err != nil {
			t.Errorf("%q, and meant: %v", address, err)
		}
	}
	for _, address := range []string{"127.0.0.1", "9464", "::1:9464", "[::1]"} {
		if err := checkAdmin(address, true); err == nil {
			t.Errorf("%q was taken for an address", address)
		}
	}
}

func TestLineOf(t *testing.T) {
	const text = `# a relay
identity = "home"
'listen' = ":4433"

[retention]
  standing="36h"

[[peer]]
agency = "gn.example"
address = "relay.gn.example:4433"

[[peer]]
"agency" = "rcmp.example"
listen = "no"

[odd]
`
	for _, c := range []struct {
		key  toml.Key
		nth  int
		want int
	}{
		{toml.Key{"identity"}, 0, 2},
		{toml.Key{"listen"}, 0, 3}, // not the peer's of that name
		{toml.Key{"retention", "standing"}, 0, 6},
		{toml.Key{"peer", "agency"}, 0, 9},
		{toml.Key{"peer", "agency"}, 1, 13},
		{toml.Key{"peer", "address"}, 0, 10},
		{toml.Key{"peer", "listen"}, 1, 14},
		{toml.Key{"odd"}, 0, 16},
		{toml.Key{"standing"}, 0, 0}, // there is one, in a table
		{toml.Key{"retention", "incident"}, 0, 0},
		{toml.Key{"peer", "agency"}, 2, 0},
		{toml.Key{"none"}, 0, 0},
	} {
		if got := LineOf(text, c.key, c.nth); got != c.want {
			t.Errorf("%v of table %d is on line %d, want %d", c.key, c.nth, got, c.want)
		}
	}
}
