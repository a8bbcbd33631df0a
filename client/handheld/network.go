package handheld

import (
	"context"
	"net"
	"slices"
	"time"
)

// networkEvery is how often the machine's addresses are looked at. A burst survives
// longer silences.
const networkEvery = 2 * time.Second

// Networks calls changed whenever the machine's addresses have changed and there is one
// to be reached from, until ctx ends. addresses lists them; LocalAddresses does.
func Networks(ctx context.Context, addresses func() ([]string, error), changed func()) {
	tick := time.NewTicker(networkEvery)
	defer tick.Stop()
	before, _ := addresses()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := addresses()
		if err != nil || slices.Equal(now, before) {
			continue
		}
		if before = now; len(now) > 0 {
			changed()
		}
	}
}

// LocalAddresses lists the addresses from which others can be reached, in order.
func LocalAddresses() ([]string, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var list []string
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			list = append(list, n.String())
		}
	}
	slices.Sort(list)
	return list, nil
}
