package hub

import (
	"bytes"
	"slices"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// maxReturned bounds what waits for one endpoint to hear about; the oldest goes.
const maxReturned = 256

// giveBack tells a sender that a message which had been accepted is not, or no
// longer, on its way. It is kept until the sender has heard it.
func (h *Hub) giveBack(ch *channel, id proto.MessageID, to proto.Name, why *proto.Refusal) {
	r := &wire.Returned{Channel: ch.id[:], Id: id[:], Code: uint32(why.Reason), Detail: why.Detail}
	list := slices.DeleteFunc(h.returned[to], func(o *wire.Returned) bool { return bytes.Equal(o.Id, r.Id) })
	if len(list) >= maxReturned {
		h.erase(bucketReturned, returnedKey(to, list[0].Id))
		h.emit(Audit{Actor: to, Kind: proto.KindReturned, Refusal: proto.Refusef(proto.ReasonFull, "%d returned messages wait", len(list))})
		list = list[1:]
	}
	h.returned[to] = append(list, r)
	h.save(bucketReturned, returnedKey(to, r.Id), r)
	h.emit(Audit{Actor: to, Channel: ch.id, Kind: proto.KindReturned, Refusal: why})
	if l := h.names[to]; l != nil {
		h.hand(l, &wire.Frame{Body: &wire.Frame_Returned{Returned: r}})
	}
}

func (h *Hub) deliverReturned(l *link) {
	for _, r := range h.returned[l.peer] {
		h.hand(l, &wire.Frame{Body: &wire.Frame_Returned{Returned: r}})
	}
}

// returnedAck forgets what its sender has heard.
func (h *Hub) returnedAck(actor proto.Name, b *wire.ReturnedAck) error {
	list := h.returned[actor]
	i := slices.IndexFunc(list, func(r *wire.Returned) bool { return bytes.Equal(r.Id, b.Id) })
	if i < 0 {
		return nil
	}
	h.erase(bucketReturned, returnedKey(actor, b.Id))
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(h.returned, actor)
		return nil
	}
	h.returned[actor] = list
	return nil
}

func returnedKey(n proto.Name, id []byte) []byte { return append([]byte(n.String()+" "), id...) }

func (h *Hub) loadReturned(e Loaded) error {
	v := new(wire.Returned)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	name, _, ok := bytes.Cut(e.Key, []byte(" "))
	to, err := proto.ParseName(string(name))
	if err != nil || !ok {
		return proto.Refuse(proto.ReasonMalformed, "returned message")
	}
	h.returned[to] = append(h.returned[to], v)
	return nil
}
