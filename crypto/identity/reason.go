package identity

import "crossband/proto"

// As lets errors.As find the wire's refusal in ours, so that both ends of a
// link show the same code for the same fault.
func (r *Refusal) As(target any) bool {
	p, ok := target.(**proto.Refusal)
	if ok {
		*p = proto.Refuse(r.Fault.Reason(), r.Detail)
	}
	return ok
}

// Reason maps the fault to the one table of reasons.
func (f Fault) Reason() proto.Reason {
	switch f {
	case Expired:
		return proto.ReasonExpired
	case NotYetValid:
		return proto.ReasonNotYetValid
	case UnknownAuthority:
		return proto.ReasonUnknownAuthority
	case WrongAgency:
		return proto.ReasonWrongAgency
	case NoCertificate, NoIdentity, ManyIdentities, BadName:
		return proto.ReasonNoIdentity
	case WrongUsage, NotALeaf:
		return proto.ReasonWrongUsage
	case WeakKey:
		return proto.ReasonWeakKey
	case Revoked:
		return proto.ReasonRevoked
	case PinChanged:
		return proto.ReasonPinChanged
	case TokenUsed:
		return proto.ReasonTokenUsed
	case TokenExpired:
		return proto.ReasonTokenExpired
	case BadProof, NoInvitation, TooManyTries:
		return proto.ReasonBadProof
	case Malformed:
		return proto.ReasonMalformed
	case TooLarge:
		return proto.ReasonTooLarge
	}
	return proto.ReasonBadCertificate
}
