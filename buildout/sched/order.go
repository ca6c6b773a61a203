package sched

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// light is the weight of a task that gives none: next to nothing, but of two
// chains of such tasks the longer one is the heavier one.
const light = time.Millisecond

// Paths returns the longest remaining path of each task by name, by which Run
// orders them: who shares the slots can prefer the same ones. The error is that
// of Run.
func Paths(tasks []Task) (map[string]time.Duration, error) {
	nodes, err := rank(tasks)
	if err != nil {
		return nil, err
	}
	paths := make(map[string]time.Duration, len(nodes))
	for i, path := range remaining(nodes) {
		paths[nodes[i].task.Name] = path
	}
	return paths, nil
}

// plan gives the nodes their places in the order and their needs, and returns
// the ranks by place.
func plan(nodes []*node, slots int, memory int64) []int {
	order := make([]int, len(nodes))
	for i, n := range nodes {
		order[i] = i
		n.need = n.task.need(slots, memory)
	}
	if slots > 1 {
		paths := remaining(nodes)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(paths[b], paths[a]) })
	}
	for place, i := range order {
		nodes[i].place = place
	}
	return order
}

// need is what the task takes of so many slots and so much memory.
func (t Task) need(slots int, memory int64) need {
	if t.Quick {
		return need{}
	}
	return need{min(max(t.Slots, 1), slots), min(max(t.Memory, 0), max(memory, 0))}
}

// remaining returns, by rank, the weight of the heaviest chain of users that
// starts with a task. A chain ends at a barrier: all that is before the barrier
// comes before all that is behind it, so what is behind it prefers nobody.
func remaining(nodes []*node) []time.Duration {
	paths := make([]time.Duration, len(nodes))
	barrier := len(nodes)
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		for _, user := range n.users {
			if user < barrier {
				paths[i] = max(paths[i], paths[user])
			}
		}
		paths[i] += min(n.task.weight(), math.MaxInt64-paths[i])
		if n.task.InOrder {
			barrier = i
		}
	}
	return paths
}

func (t Task) weight() time.Duration {
	if t.Quick {
		return 0
	}
	return max(t.Weight, light)
}
