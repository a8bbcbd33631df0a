package link

// SendDatagram sends what no honest party would.
func SendDatagram(c *Conn, b []byte) error { return c.quic.SendDatagram(b) }
