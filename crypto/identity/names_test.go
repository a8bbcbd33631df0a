package identity

import "crossband/proto"

func mustName(s string) proto.Name {
	n, err := proto.ParseName(s)
	if err != nil {
		panic(err)
	}
	return n
}
