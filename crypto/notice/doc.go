// Package notice reads, writes, signs and judges change notices and the answers to
// them. The rules that a notice holds are in proto; the rules of certificates in
// crypto/identity; this package joins the two.
//
// Both are short texts that people can read: a heading, then lines of a name and a
// value in a fixed order, and below them one line with the signer's certificates and
// signature. A text has one form: what is read and written again must be the same,
// octet for octet. Exactly the text above the signature's line is signed.
package notice
