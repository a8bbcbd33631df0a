package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"crossband/cmd/crossband/internal/agencydir"
	"crossband/proto"
)

// noticeParameters are the flags that belong to one kind of notice each.
type noticeParameters struct {
	versions, root, gateway     string
	capabilities                []string
	suitesBefore, suitesAfter   []uint
	codecsBefore, codecsAfter   []string
	up, down                    bool
	addressBefore, addressAfter string
	changed                     func(flag string) bool
}

func (p *noticeParameters) flags(c *cobra.Command) {
	f := c.Flags()
	p.changed = f.Changed
	f.StringVar(&p.versions, "versions", "", "protocol versions afterwards, such as 1-2")
	f.StringSliceVar(&p.capabilities, "capabilities", nil, "all capabilities afterwards")
	f.UintSliceVar(&p.suitesBefore, "suites-before", nil, "cipher suites before, such as 2,7")
	f.UintSliceVar(&p.suitesAfter, "suites-after", nil, "cipher suites afterwards")
	f.StringSliceVar(&p.codecsBefore, "codecs-before", nil, "voice codecs before, such as opus")
	f.StringSliceVar(&p.codecsAfter, "codecs-after", nil, "voice codecs afterwards")
	f.StringVar(&p.root, "root", "", "fingerprint of the root afterwards, 64 hexadecimal digits (default that of the agency's newest)")
	f.StringVar(&p.gateway, "gateway", "", "the gateway's label")
	f.BoolVar(&p.up, "up", false, "the gateway comes")
	f.BoolVar(&p.down, "down", false, "the gateway goes")
	f.StringVar(&p.addressBefore, "address-before", "", "HOST:PORT of the relay before")
	f.StringVar(&p.addressAfter, "address-after", "", "HOST:PORT of the relay afterwards")
}

// fill writes the parameters of the notice's kind. A flag of another kind is refused
// by the rules of notices, when it has been written as well.
func (p *noticeParameters) fill(n *proto.Notice, d agencydir.Dir) (err error) {
	for _, f := range []struct {
		kind  proto.NoticeKind
		names []string
	}{
		{proto.NoticeProtocol, []string{"versions", "capabilities"}}, {proto.NoticeSuite, []string{"suites-before", "suites-after"}},
		{proto.NoticeCodec, []string{"codecs-before", "codecs-after"}}, {proto.NoticeRollover, []string{"root"}},
		{proto.NoticeGateway, []string{"gateway", "up", "down"}}, {proto.NoticeAddress, []string{"address-before", "address-after"}},
	} {
		for _, name := range f.names {
			if f.kind != n.Kind && p.changed(name) {
				return usageError{fmt.Errorf("--%s belongs to the kind %s", name, f.kind)}
			}
		}
	}
	switch n.Kind {
	case proto.NoticeProtocol:
		return p.protocol(n)
	case proto.NoticeSuite:
		n.Suites.Before, err = suites(p.suitesBefore)
		if err == nil {
			n.Suites.After, err = suites(p.suitesAfter)
		}
		return err
	case proto.NoticeCodec:
		n.Codecs = proto.CodecChange{Before: slices.Sorted(slices.Values(p.codecsBefore)), After: slices.Sorted(slices.Values(p.codecsAfter))}
	case proto.NoticeRollover:
		return p.rollover(n, d)
	case proto.NoticeGateway:
		if p.up == p.down || p.gateway == "" {
			return usageError{errors.New("want --gateway LABEL and one of --up and --down")}
		}
		n.Gateway.Up = p.up
		n.Gateway.Name, err = d.Name("gateway/" + strings.TrimPrefix(p.gateway, "gateway/"))
		return err
	case proto.NoticeAddress:
		n.Address = proto.AddressChange{Before: p.addressBefore, After: p.addressAfter}
	}
	return nil
}

func (p *noticeParameters) protocol(n *proto.Notice) error {
	low, high, ranged := strings.Cut(p.versions, "-")
	if !ranged {
		high = low
	}
	from, err := strconv.ParseUint(low, 10, 32)
	to, err2 := strconv.ParseUint(high, 10, 32)
	if err != nil || err2 != nil {
		return usageError{fmt.Errorf("--versions %q: want such as 2 or 1-2", p.versions)}
	}
	n.Protocol.Min, n.Protocol.Max = uint32(from), uint32(to)
	if p.changed("capabilities") {
		n.Protocol.Capabilities = append([]string{}, slices.Sorted(slices.Values(p.capabilities))...)
	}
	return nil
}

func suites(list []uint) (out []uint16, err error) {
	for _, s := range slices.Sorted(slices.Values(list)) {
		if s > 0xffff {
			return nil, usageError{fmt.Errorf("suite %d", s)}
		}
		out = append(out, uint16(s))
	}
	return out, nil
}

func (p *noticeParameters) rollover(n *proto.Notice, d agencydir.Dir) (err error) {
	if p.root == "" {
		n.Root, err = d.Root()
		return err
	}
	octets, err := hex.DecodeString(p.root)
	if err != nil || len(octets) != len(n.Root) {
		return usageError{errors.New("--root: want 64 hexadecimal digits")}
	}
	copy(n.Root[:], octets)
	return nil
}
