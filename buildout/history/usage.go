package history

import (
	"errors"
	"math"
	"time"
)

// maxSamples bounds what is kept of the use of job slots: when there are more,
// two become one.
const maxSamples = 4096

// firstStep is the length of a sample in a short run.
const firstStep = 10 * time.Millisecond

// Usage is how many job slots were in use: the mean of each stretch of time,
// from the start of the run.
type Usage struct {
	Total int           `json:"total"`
	Step  time.Duration `json:"step_ns"`
	// Levels are the stretches whose mean differs from that before: the number
	// of the stretch, and its mean.
	Levels [][2]float64 `json:"levels"`
}

// usage collects a Usage. The area below the curve stays exact.
type usage struct {
	step  time.Duration
	area  []float64 // slots times nanoseconds, of each step
	total int
	used  int           // since at
	at    time.Duration // up to here all is in area
	seen  bool
}

// set notes that from now on so many slots are in use.
func (u *usage) set(now time.Duration, used, total int) {
	u.upTo(now)
	u.used, u.total, u.seen = max(used, 0), max(u.total, total), true
}

// upTo adds what was in use until now.
func (u *usage) upTo(now time.Duration) {
	if u.step == 0 {
		u.step = firstStep
	}
	for now > u.step*maxSamples {
		u.halve()
	}
	for u.at < now {
		i := int(u.at / u.step)
		end := min(now, u.step*time.Duration(i+1))
		for len(u.area) <= i {
			u.area = append(u.area, 0)
		}
		u.area[i] += float64(u.used) * float64(end-u.at)
		u.at = end
	}
}

// halve makes one sample of two.
func (u *usage) halve() {
	n := (len(u.area) + 1) / 2
	for i := range n {
		sum := u.area[2*i]
		if 2*i+1 < len(u.area) {
			sum += u.area[2*i+1]
		}
		u.area[i] = sum
	}
	u.area, u.step = u.area[:n], 2*u.step
}

// end returns what was collected in a run of this length; nil when slots were
// not counted.
func (u *usage) end(length time.Duration) *Usage {
	if !u.seen {
		return nil
	}
	u.upTo(length)
	result := &Usage{Total: u.total, Step: u.step}
	last := -1.0
	for i, area := range u.area {
		step := min(u.step, length-time.Duration(i)*u.step)
		if step <= 0 {
			break
		}
		if mean := math.Round(100*area/float64(step)) / 100; mean != last {
			result.Levels = append(result.Levels, [2]float64{float64(i), mean})
			last = mean
		}
	}
	return result
}

// check refuses what no recorder has written.
func (u *Usage) check() error {
	if u == nil {
		return nil
	}
	last := -1.0
	for _, level := range u.Levels {
		if level[0] <= last || level[0] >= maxSamples {
			return errors.New("the samples of job slots in it are none")
		}
		last = level[0]
	}
	if u.Step <= 0 || len(u.Levels) > 0 && u.Step > math.MaxInt64/maxSamples {
		return errors.New("the samples of job slots in it are none")
	}
	return nil
}
