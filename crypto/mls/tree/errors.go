package tree

import "errors"

// The rules a tree or one of its parts can break.
var (
	ErrCredential    = errors.New("mls: credential is not acceptable")
	ErrExtension     = errors.New("mls: extension list is not acceptable")
	ErrCapabilities  = errors.New("mls: a needed capability is missing")
	ErrLeafSource    = errors.New("mls: leaf node comes from the wrong source")
	ErrLifetime      = errors.New("mls: key package is outside its lifetime")
	ErrVersion       = errors.New("mls: protocol version is not mls10")
	ErrSuiteMismatch = errors.New("mls: cipher suite is not the group's")
	ErrSameKey       = errors.New("mls: init key equals the leaf's encryption key")
	ErrDuplicateKey  = errors.New("mls: a key stands twice in the tree")
	ErrParentHash    = errors.New("mls: parent hash does not verify")
	ErrUnmerged      = errors.New("mls: unmerged leaves list is not valid")
	ErrMalformedTree = errors.New("mls: ratchet tree is malformed")
	ErrNoLeaf        = errors.New("mls: no such leaf")
	ErrPathLength    = errors.New("mls: update path does not fit the tree")
	ErrReusedKey     = errors.New("mls: leaf keeps its old encryption key")
	ErrTreeFull      = errors.New("mls: tree is at its size limit")
)
