package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"strings"
)

// Fingerprint is SHA-256 over a root's subject public key info. Machines
// compare all of it, with ==; people compare Words.
type Fingerprint [sha256.Size]byte

// spokenOctets of the fingerprint are spoken: 88 bits, more than anyone can
// search for a second key with the same words.
const spokenOctets = 11

// SpokenWords is how many words a spoken fingerprint has: one for each spoken
// octet and one that checks their values and their order.
const SpokenWords = spokenOctets + 1

func fingerprintOf(cert *x509.Certificate) Fingerprint {
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo)
}

// Words returns the fingerprint as it is read out over telephone or radio.
func (f Fingerprint) Words() []string {
	words := spokenWords()
	spoken := make([]string, 0, SpokenWords)
	for _, b := range f[:spokenOctets] {
		spoken = append(spoken, words[b])
	}
	return append(spoken, words[checkOctet(f[:spokenOctets])])
}

// String returns the words, separated by single spaces.
func (f Fingerprint) String() string { return strings.Join(f.Words(), " ") }

func checkOctet(p []byte) byte {
	sum := sha256.Sum256(append([]byte("crossband/1 spoken\x00"), p...))
	return sum[0]
}

// ParseWords reads words as they were heard, in any case and with any spaces,
// hyphens or commas between them, and returns the octets they stand for. It
// refuses as Malformed a word that is not in the list, naming it, and words
// whose check word does not fit: one was misheard or two were swapped.
func ParseWords(heard string) ([]byte, error) {
	fields := strings.FieldsFunc(strings.ToLower(heard), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n,-", r)
	})
	if len(fields) != SpokenWords {
		return nil, refuse(Malformed, "%d words, a spoken fingerprint has %d", len(fields), SpokenWords)
	}
	words := spokenWords()
	octets := make([]byte, 0, SpokenWords)
	for i, w := range fields {
		v, ok := slices.BinarySearch(words, w)
		if !ok {
			return nil, refuse(Malformed, "word %d, %.20q, is not one of the list", i+1, w)
		}
		octets = append(octets, byte(v))
	}
	if checkOctet(octets[:spokenOctets]) != octets[spokenOctets] {
		return nil, refuse(Malformed, "the last word does not fit the others: one was misheard or two were swapped")
	}
	return octets[:spokenOctets], nil
}

// MatchWords returns nil if the words heard are those of f. It refuses words
// that are well formed but of another key as PinChanged.
func (f Fingerprint) MatchWords(heard string) error {
	octets, err := ParseWords(heard)
	if err != nil {
		return err
	}
	if !slices.Equal(octets, f[:spokenOctets]) {
		return refuse(PinChanged, "the words are not those of this root, which are: %s", f)
	}
	return nil
}
