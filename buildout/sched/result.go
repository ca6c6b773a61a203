package sched

// result sorts the nodes into lists. Needs have lower ranks, so what they are
// blocked by is known.
func (r *run) result() Result {
	var result Result
	blocker := make([]int, len(r.nodes)) // rank of the failed node plus 1, or 0
	for i, n := range r.nodes {
		for _, need := range n.needs {
			if b := blocker[need]; b > 0 && (blocker[i] == 0 || b < blocker[i]) {
				blocker[i] = b
			}
		}
		name := n.task.Name
		switch n.state {
		case done:
			result.Done = append(result.Done, name)
		case failed:
			blocker[i] = i + 1
			result.Failed = append(result.Failed, Failure{name, n.err})
		case stopped:
			result.Stopped = append(result.Stopped, name)
		case blocked:
			result.Blocked = append(result.Blocked, Block{name, r.nodes[blocker[i]-1].task.Name})
		default:
			result.NotStarted = append(result.NotStarted, name)
		}
	}
	return result
}
