package hub

import (
	pb "google.golang.org/protobuf/proto"

	"crossband/proto/wire"
)

// Buckets of the hub's own records in the store.
const (
	bucketChannels = "channels"
	bucketWelcomes = "welcomes"
	bucketPackages = "packages"
)

// saveChannel stores what a restart needs besides the log.
func (h *Hub) saveChannel(ch *channel) {
	octets, _ := pb.Marshal(&wire.GroupInfo{Channel: ch.id[:], Charter: ch.signed, GroupInfo: ch.hosted.groupInfo, Head: ch.hosted.epochSeq})
	h.emit(Write{bucketChannels, ch.id[:], octets})
}
