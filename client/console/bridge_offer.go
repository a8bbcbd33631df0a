package console

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// Limits of an offer.
const (
	maxOfferLen   = 512 << 10 // octets; Chromium writes about 3 KiB a line
	maxOfferLines = 256       // media; a connection that has used them up has to be made anew
)

// offer is what an offer says, as far as it matters here.
type offer struct {
	sdp     string
	session uint64   // of the page's connection: the same when it offers again
	hears   []string // mids of lines that receive and do not send
	speaks  bool     // there is a line that sends
}

// parseOffer judges an offer. Only audio is answered.
func parseOffer(s string) (offer, error) {
	if len(s) > maxOfferLen {
		return offer{}, fmt.Errorf("%w: %d octets, want at most %d", ErrOffer, len(s), maxOfferLen)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(s); err != nil {
		return offer{}, fmt.Errorf("%w: %w", ErrOffer, err)
	}
	if len(d.MediaDescriptions) > maxOfferLines {
		return offer{}, fmt.Errorf("%w: %w", ErrOffer, errMuchRenewed)
	}
	o, speaks := offer{sdp: s, session: d.Origin.SessionID}, 0
	for _, m := range d.MediaDescriptions {
		mid, named := m.Attribute("mid")
		if m.MediaName.Media != "audio" || !named {
			return offer{}, fmt.Errorf("%w: media %q", ErrOffer, m.MediaName.Media)
		}
		_, hears := m.Attribute("recvonly")
		_, rests := m.Attribute("inactive")
		switch {
		case hears:
			o.hears = append(o.hears, mid)
		case !rests:
			speaks++
		}
	}
	switch {
	case len(d.MediaDescriptions) == 0:
		return offer{}, fmt.Errorf("%w: %w", ErrOffer, errNothingToHear)
	case speaks > 1:
		return offer{}, fmt.Errorf("%w: %d microphones", ErrOffer, speaks)
	}
	o.speaks = speaks == 1
	return o, nil
}

// microphoneFormat is how a page is asked to code the microphone (RFC 7587 section 6.1):
// mono, without pauses of its own, and at a constant rate, because the sizes of packets
// of a variable one give away what is said. Losses within a packet's reach are repaired.
const microphoneFormat = "minptime=20;useinbandfec=1;stereo=0;sprop-stereo=0;usedtx=0;cbr=1;maxaveragebitrate=24000"

// askMicrophone writes into an answer how the microphone is to be coded: into the lines
// on which we only receive.
func askMicrophone(answer string) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return "", fmt.Errorf("reading our own answer: %w", err)
	}
	for _, m := range d.MediaDescriptions {
		if _, receives := m.Attribute("recvonly"); !receives {
			continue
		}
		opus := opusType(m)
		m.Attributes = slices.DeleteFunc(m.Attributes, func(a sdp.Attribute) bool {
			return a.Key == "ptime" || a.Key == "maxptime" || a.Key == "fmtp" && strings.HasPrefix(a.Value, opus+" ")
		})
		if opus != "" {
			m.WithValueAttribute("fmtp", opus+" "+microphoneFormat)
		}
		m.WithValueAttribute("ptime", "20").WithValueAttribute("maxptime", "20")
	}
	b, err := d.Marshal()
	return string(b), err
}

// opusType returns the payload type of Opus in a line, or "".
func opusType(m *sdp.MediaDescription) string {
	for _, a := range m.Attributes {
		if pt, codec, ok := strings.Cut(a.Value, " "); ok && a.Key == "rtpmap" && strings.HasPrefix(strings.ToLower(codec), "opus/") {
			return pt
		}
	}
	return ""
}

// pageAddress is where the page reached the server. For a page on this machine it is
// 127.0.0.1: pion makes no candidate of ::1.
func pageAddress(ctx context.Context) netip.Addr {
	if a, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr); ok {
		if at, err := netip.ParseAddrPort(a.String()); err == nil && !at.Addr().IsLoopback() {
			return at.Addr().Unmap().WithZone("")
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
