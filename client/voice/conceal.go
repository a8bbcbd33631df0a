package voice

// concealer hides lost frames by repeating the last pitch period of what was
// played, ever more quietly, and fades over when speech returns.
type concealer struct {
	past   [pastSamples]int16 // the last samples played, oldest first
	period []float32          // what is being repeated; empty while nothing is lost
	pos    int                // samples of repetition made since the loss began
	step   float32            // difference at the seam between past and period
	out    [FrameSamples]int16
}

const (
	pastSamples = 2 * FrameSamples
	minLag      = SampleRate / 400       // shortest pitch period looked for: 400 Hz
	maxLag      = SampleRate / 66        // longest: 66 Hz
	seamSamples = SampleRate / 400       // 2.5 ms: the step at the start of a repetition is spread over it
	holdSamples = SampleRate / 100       // 10 ms at full volume,
	muteSamples = SampleRate * 80 / 1000 // then a straight fade to nothing at 80 ms
	joinSamples = SampleRate / 200       // 5 ms of cross-fade when frames return
)

// good takes a decoded frame, and fades over to it if a loss came before.
func (c *concealer) good(pcm []int16) []int16 {
	copy(c.out[:], pcm)
	if len(c.period) > 0 {
		for i := range joinSamples {
			w := float32(i+1) / (joinSamples + 1)
			c.out[i] = toInt16(w*float32(pcm[i]) + (1-w)*c.next())
		}
		c.period = c.period[:0]
	}
	c.remember()
	return c.out[:]
}

// lost returns a frame in place of one that never came.
func (c *concealer) lost() []int16 {
	if len(c.period) == 0 {
		c.begin()
	}
	for i := range c.out {
		c.out[i] = toInt16(c.next())
	}
	c.remember()
	return c.out[:]
}

func (c *concealer) remember() {
	copy(c.past[:], c.past[FrameSamples:])
	copy(c.past[pastSamples-FrameSamples:], c.out[:])
}

// begin picks the period to repeat. Its last quarter is faded over to the
// samples before its first, so that it can be played in a ring without a step.
func (c *concealer) begin() {
	lag := pitchLag(c.past[:])
	tail := c.past[pastSamples-lag:]
	before := c.past[pastSamples-lag-lag/4 : pastSamples-lag]
	c.period = c.period[:0]
	for _, s := range tail {
		c.period = append(c.period, float32(s))
	}
	for i, s := range before {
		w := float32(i+1) / float32(len(before))
		at := lag - len(before) + i
		c.period[at] = (1-w)*c.period[at] + w*float32(s)
	}
	c.pos = 0
	// The last sample played leads to tail[0] as before's last one does.
	c.step = float32(tail[lag-1]) - float32(before[len(before)-1])
}

// next returns the next sample of the repetition.
func (c *concealer) next() float32 {
	v := c.period[c.pos%len(c.period)]
	if c.pos < seamSamples {
		v += c.step * (1 - float32(c.pos)/seamSamples)
	}
	v *= fade(c.pos)
	c.pos++
	return v
}

func fade(pos int) float32 {
	switch {
	case pos < holdSamples:
		return 1
	case pos >= muteSamples:
		return 0
	}
	return float32(muteSamples-pos) / (muteSamples - holdSamples)
}

// pitchLag finds the distance, between minLag and maxLag samples, at which the
// end of the signal repeats itself best. Every fourth sample is looked at:
// pitch lies far below 6 kHz.
func pitchLag(x []int16) int {
	const every = 4
	span := maxLag
	end := x[len(x)-span:]
	best, bestLag := float32(-1), maxLag
	for lag := minLag; lag <= maxLag; lag += every {
		shifted := x[len(x)-span-lag : len(x)-lag]
		var cross, power float32
		for i := 0; i < span; i += every {
			cross += float32(end[i]) * float32(shifted[i])
			power += float32(shifted[i]) * float32(shifted[i])
		}
		if cross <= 0 || power == 0 {
			continue
		}
		if score := cross * cross / power; score > best {
			best, bestLag = score, lag
		}
	}
	return bestLag
}
