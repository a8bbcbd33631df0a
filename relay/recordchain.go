package relay

import (
	"context"
	"fmt"
	"slices"

	pb "google.golang.org/protobuf/proto"

	"crossband/crypto/record"
	"crossband/proto"
	"crossband/proto/wire"
	"crossband/relay/store"
)

// maxChainsOf bounds the certificates that one log holds of one agency's relays and
// devices: each is of somebody who has signed something in it, renewals among them.
const maxChainsOf = 256

// keepChain keeps the certificates of who signed something in the log. Beyond the
// bound it keeps none: what they signed is then not provable from this copy alone.
func (r *recorder) keepChain(b *book, chain [][]byte) {
	n, err := record.SignerName(chain)
	if err != nil {
		return
	}
	leaf, word := record.DigestOf(chain[0]), record.KeyName(n)
	if _, there := b.chains[leaf]; !there {
		if b.chainsOf(n.Agency) >= maxChainsOf {
			r.alarm(b, "a certificate is not kept", &record.Refusal{Fault: record.TooLarge, Index: record.NoEntry, Detail: "the record has many of " + string(n.Agency)})
			return
		}
		octets, _ := pb.Marshal(&wire.CertificateChain{Certificates: chain}) // octets only
		r.keep(chainsPrefix+b.origin.String(), leaf[:], octets)
	}
	b.chains[leaf], b.signers[word] = n.Agency, leaf
}

func (b *book) chainsOf(a proto.Agency) (n int) {
	for _, of := range b.chains {
		if of == a {
			n++
		}
	}
	return n
}

func (r *recorder) loadChains(ctx context.Context, b *book) error {
	err := r.n.cfg.Store.Scan(ctx, store.Bucket(chainsPrefix+b.origin.String()), nil, func(_, value []byte) bool {
		c := new(wire.CertificateChain)
		if pb.Unmarshal(value, c) == nil {
			if n, err := record.SignerName(c.Certificates); err == nil {
				leaf := record.DigestOf(c.Certificates[0])
				b.chains[leaf], b.signers[record.KeyName(n)] = n.Agency, leaf
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("relay: store: %w", err)
	}
	return nil
}

// chainsFor finds the certificates of who signed the checkpoint, first, and of who
// spoke in the lines.
func (r *recorder) chainsFor(ctx context.Context, b *book, c *record.Checkpoint, lines [][]byte) ([]*wire.CertificateChain, error) {
	leaves := b.signersOf(c)
	for _, line := range lines {
		if e, err := record.ParseEntry(line); err == nil {
			if said, ok := e.Body.(*record.Burst); ok && !slices.Contains(leaves, said.Certificate) {
				leaves = append(leaves, said.Certificate)
			}
		}
	}
	return r.storedChains(ctx, b.origin, leaves)
}

func (r *recorder) storedChains(ctx context.Context, o record.Origin, leaves []record.Digest) (list []*wire.CertificateChain, err error) {
	for _, leaf := range leaves {
		value, err := r.n.cfg.Store.Get(ctx, store.Bucket(chainsPrefix+o.String()), leaf[:])
		if err != nil {
			return nil, fmt.Errorf("relay: store: %w", err)
		}
		if c := new(wire.CertificateChain); value != nil && pb.Unmarshal(value, c) == nil {
			list = append(list, c)
		}
	}
	return list, nil
}
