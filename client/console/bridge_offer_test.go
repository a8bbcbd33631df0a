package console

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"crossband/client/voice"
)

// What an answer offers of this machine, and asks of the page.
func TestTheAnswer(t *testing.T) {
	b, ch := newTestBridge(t, 1)
	answer := newBrowser(t, 1).offer(b)
	candidates := 0
	for _, line := range strings.Split(answer, "\r\n") {
		if strings.HasPrefix(line, "a=candidate:") {
			candidates++
			if !strings.Contains(line, " udp ") || !strings.Contains(line, " 127.0.0.1 ") {
				t.Errorf("reachable at %s", line)
			}
		}
	}
	if candidates == 0 {
		t.Error("not reachable")
	}
	for _, want := range []string{"a=ice-lite", "a=msid:ch-" + ch[0].String() + " ", "usedtx=0", "cbr=1", "a=ptime:20"} {
		if strings.Count(answer, want) != 1 {
			t.Errorf("%s: %d times in\n%s", want, strings.Count(answer, want), answer)
		}
	}
}

// A browser that hides its address behind a name that only multicast DNS knows is
// reached all the same: by where it comes from.
func TestAPageThatHidesItsAddress(t *testing.T) {
	b, ch := newTestBridge(t, 1)
	p := newBrowser(t, 1)
	p.hides = true
	p.connect(b)
	b.Play(played(ch[0], 1, 0, opus(1), voice.CodecOpus))
	if h := p.next(); !bytes.Equal(h.Payload, opus(1)) {
		t.Errorf("heard %q", h.Payload)
	}
}

func TestWhereThePageCameTo(t *testing.T) {
	for at, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1", "127.0.0.9:80": "127.0.0.1", "[::1]:80": "127.0.0.1", "[fd00::2]:80": "fd00::2",
		"[::ffff:192.0.2.7]:80": "192.0.2.7", "192.0.2.7:80": "192.0.2.7", "[fe80::1%eth0]:80": "fe80::1", "a pipe": "127.0.0.1",
	} {
		ctx := context.WithValue(context.Background(), http.LocalAddrContextKey, net.Addr(address(at)))
		if got := pageAddress(ctx); got.String() != want {
			t.Errorf("%s: %v, want %s", at, got, want)
		}
	}
	if got := pageAddress(context.Background()); got.String() != "127.0.0.1" {
		t.Errorf("nothing is known: %v", got)
	}
}

// An address of this machine that is not on loopback is the only one offered; one that it
// does not have is not answered at all.
func TestOtherAddresses(t *testing.T) {
	b, _ := newTestBridge(t, 1)
	p := newBrowser(t, 1)
	p.at = "192.0.2.251:80"
	if answer, err := p.tryAsk(b); !errors.Is(err, errNowhere) {
		t.Errorf("an address of others: %v\n%s", err, answer)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, a := range addresses {
		ip, _, err := net.ParseCIDR(a.String())
		if err != nil || !ip.IsGlobalUnicast() {
			continue
		}
		tried++
		p := newBrowser(t, 1)
		p.at = net.JoinHostPort(ip.String(), "80")
		answer := p.ask(b)
		for line := range strings.SplitSeq(answer, "\r\n") {
			if strings.HasPrefix(line, "a=candidate:") && !strings.Contains(line, " "+ip.String()+" ") {
				t.Errorf("at %v: %s", ip, line)
			}
		}
	}
	if tried == 0 {
		t.Skip("this machine has no address but loopback")
	}
}

// address is a network address by its text.
type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func TestOffersThatAreRefused(t *testing.T) {
	b, _ := newTestBridge(t, 1)
	line := "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\n"
	head := "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	for what, sdp := range map[string]string{
		"nothing":         "",
		"not SDP":         "hello",
		"no media":        head,
		"video":           head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n",
		"data":            head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n",
		"no name":         head + line + "a=sendonly\r\n",
		"two microphones": head + line + "a=mid:0\r\na=sendonly\r\n" + line + "a=mid:1\r\na=sendrecv\r\n",
		"too long":        head + line + "a=mid:0\r\na=sendonly\r\n" + strings.Repeat("a=x\r\n", maxOfferLen/5),
		"too many lines":  head + strings.Repeat(line+"a=mid:0\r\na=recvonly\r\n", maxOfferLines+1),
	} {
		if o, err := parseOffer(sdp); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %+v, %v", what, o, err)
		}
		if answer, err := b.Answer(context.Background(), sdp); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %q, %v", what, answer, err)
		}
	}
	noFingerprint := head + line + "a=mid:0\r\na=sendonly\r\n" // that is found out later
	if answer, err := b.Answer(context.Background(), noFingerprint); !errors.Is(err, ErrOffer) {
		t.Errorf("no fingerprint: %q, %v", answer, err)
	}
	if b.next != nil || b.page != nil {
		t.Error("a page has come of it")
	}
	newBrowser(t, 1).connect(b) // the next good one works
	b.Close()
	if _, err := b.Answer(context.Background(), noFingerprint); !errors.Is(err, ErrBridgeClosed) {
		t.Errorf("closed: %v", err)
	}
}

// FuzzOffer gives the bridge what a page might offer: it is refused, or it is audio only
// with one microphone; nothing else happens.
func FuzzOffer(f *testing.F) {
	head := "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	line := "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n"
	f.Add(head + line + "a=mid:0\r\na=sendonly\r\n" + line + "a=mid:1\r\na=recvonly\r\n")
	f.Add(head + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseOffer(s)
		if err != nil && !errors.Is(err, ErrOffer) {
			t.Fatal(err)
		}
		if err == nil && (len(o.hears) > maxOfferLines || strings.Contains(s, "\nm=video")) {
			t.Fatalf("accepted: %q", s)
		}
		if asked, err := askMicrophone(s); err == nil && len(asked) > 2*len(s)+(maxOfferLines+1)*(len(microphoneFormat)+64) && len(s) <= maxOfferLen {
			t.Fatalf("%d octets become %d", len(s), len(asked))
		}
	})
}
