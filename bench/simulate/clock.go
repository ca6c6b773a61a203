package main

import (
	"cmp"
	"container/heap"
	"time"
)

// clock is virtual time: it stands still but for the events.
type clock struct {
	now    time.Duration
	events events
	count  int // of events so far
}

// event is something that will happen.
type event struct {
	at     time.Duration
	number int // of two at the same time, the one that was planned first
	happen func()
}

// after plans an event.
func (c *clock) after(last time.Duration, happen func()) {
	c.count++
	heap.Push(&c.events, event{c.now + last, c.count, happen})
}

// tick goes on to the next event.
func (c *clock) tick() {
	e := heap.Pop(&c.events).(event)
	c.now = e.at
	e.happen()
}

// events is a heap.
type events []event

func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(e[i].at, e[j].at), cmp.Compare(e[i].number, e[j].number)) < 0
}

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push adds an event; it is for container/heap.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop takes the last one off; it is for container/heap.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
