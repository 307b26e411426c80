package shows

import "crypto/rand"

// crockford is Douglas Crockford's base 32 alphabet (crockford.com/base32.html):
// no I, L, O or U, so that a serial can be read out over a telephone.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewSerial draws a ticket's serial, for example BX-7K3M-9Q2D: 40 random bits. It
// names a ticket and proves nothing; the signature on the QR text does that.
func NewSerial() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails, by its documentation
	serial := make([]byte, 0, len("BX-XXXX-XXXX"))
	serial = append(serial, "BX"...)
	for i, b := range random {
		if i%4 == 0 {
			serial = append(serial, '-')
		}
		serial = append(serial, crockford[b%32])
	}
	return string(serial)
}
