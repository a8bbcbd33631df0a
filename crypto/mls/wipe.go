package mls

// Wipe overwrites the group's symmetric secrets and lets go of its private keys,
// for a device that must not hold them any more. The group is of no use
// afterwards. Private keys of the key encapsulation are the standard library's,
// which offers no way to overwrite them: they are left to the garbage collector.
func (g *Group) Wipe() {
	e := &g.epoch
	for _, secret := range [][]byte{e.init, e.exporter, e.external, e.confirmation, e.membership, e.resumption, e.authenticator, e.encryption, e.senderData} {
		clear(secret)
	}
	for _, k := range append([]*messageKeys{g.current}, g.past...) {
		if k != nil {
			k.erase()
		}
	}
	for _, p := range g.psks {
		clear(p.Secret)
	}
	g.keys, g.updates, g.psks, g.past, g.removed = nil, nil, nil, nil, true
}
