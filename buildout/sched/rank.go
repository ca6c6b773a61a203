package sched

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// node is a task in the graph. Other nodes are named by rank.
type node struct {
	task   Task
	needs  []int // each once
	users  []int
	open   int  // needs that are not done
	place  int  // in the order
	need   need // what it takes while it runs
	passed int  // how often it was overtaken
	state  state
	err    error
}

// rank returns the nodes of tasks in the order of the package comment.
func rank(tasks []Task) ([]*node, error) {
	places, err := index(tasks)
	if err != nil {
		return nil, err
	}
	r := &ranker{tasks: tasks, places: places, ranks: make([]int, len(tasks))}
	for place := range tasks {
		if err := r.visit(place); err != nil {
			return nil, err
		}
	}
	return r.nodes, nil
}

// index returns the place of each name. The error names all doubles and all
// unknown needs.
func index(tasks []Task) (map[string]int, error) {
	places := make(map[string]int, len(tasks))
	var errs []error
	for i, t := range tasks {
		if _, double := places[t.Name]; double {
			errs = append(errs, fmt.Errorf("two tasks have the name %q", t.Name))
			continue
		}
		places[t.Name] = i
	}
	for _, t := range tasks {
		for _, need := range t.Needs {
			if _, ok := places[need]; !ok {
				errs = append(errs, fmt.Errorf("task %q needs %q, which is no task", t.Name, need))
			}
		}
	}
	return places, errors.Join(errs...)
}

// ranker visits tasks depth first.
type ranker struct {
	tasks  []Task
	places map[string]int
	ranks  []int // by place: rank plus 1; 0 not visited, -1 being visited
	path   []int // places being visited
	nodes  []*node
}

func (r *ranker) visit(place int) error {
	switch {
	case r.ranks[place] > 0:
		return nil
	case r.ranks[place] < 0:
		return r.circle(place)
	}
	r.ranks[place] = -1
	r.path = append(r.path, place)
	n := &node{task: r.tasks[place]}
	for _, need := range r.needs(place) {
		if err := r.visit(need); err != nil {
			return err
		}
		n.needs = append(n.needs, r.ranks[need]-1)
	}
	r.path = r.path[:len(r.path)-1]
	r.add(place, n)
	return nil
}

// needs returns the places that a task needs, in the order of the tasks.
func (r *ranker) needs(place int) []int {
	var places []int
	for _, name := range r.tasks[place].Needs {
		places = append(places, r.places[name])
	}
	slices.Sort(places)
	return slices.Compact(places)
}

func (r *ranker) add(place int, n *node) {
	n.open = len(n.needs)
	for _, need := range n.needs {
		r.nodes[need].users = append(r.nodes[need].users, len(r.nodes))
	}
	r.nodes = append(r.nodes, n)
	r.ranks[place] = len(r.nodes)
}

// circle names the tasks from the first visit of place to its second.
func (r *ranker) circle(place int) error {
	var names []string
	for _, p := range append(r.path[slices.Index(r.path, place):], place) {
		names = append(names, fmt.Sprintf("%q", r.tasks[p].Name))
	}
	return errors.New("tasks need each other: " + strings.Join(names, " needs "))
}
