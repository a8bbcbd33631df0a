package voice

import (
	"fmt"
	"time"
)

// checkOpusPacket accepts exactly the Opus packets that a channel carries: 20
// ms, mono. The first octet tells (RFC 6716 section 3.1): five bits of
// configuration, one of stereo, two that code the number of frames.
func checkOpusPacket(b []byte) error {
	if len(b) == 0 || len(b) > MaxPayload {
		return fmt.Errorf("%w: Opus packet of %d octets, want 1 to %d", ErrCodec, len(b), MaxPayload)
	}
	if b[0]&0x04 != 0 {
		return fmt.Errorf("%w: stereo Opus packet, want mono", ErrCodec)
	}
	n, err := opusFrameCount(b)
	if err != nil {
		return err
	}
	if d := time.Duration(n) * opusFrameDuration(b[0]>>3); d != FrameDuration {
		return fmt.Errorf("%w: Opus packet of %v, want %v (opusenc --framesize 20)", ErrCodec, d, FrameDuration)
	}
	return nil
}

func opusFrameCount(b []byte) (int, error) {
	switch b[0] & 0x03 {
	case 0:
		return 1, nil
	case 1, 2:
		return 2, nil
	}
	if len(b) < 2 {
		return 0, fmt.Errorf("%w: Opus packet cut short", ErrCodec)
	}
	return int(b[1] & 0x3f), nil
}

// opusFrameDuration is the table of RFC 6716 section 3.1.
func opusFrameDuration(config byte) time.Duration {
	const ms = time.Millisecond
	switch {
	case config < 12: // SILK only
		return [4]time.Duration{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config&3]
	case config < 16: // hybrid
		return [2]time.Duration{10 * ms, 20 * ms}[config&1]
	}
	return [4]time.Duration{ms * 5 / 2, 5 * ms, 10 * ms, 20 * ms}[config&3] // CELT only
}
