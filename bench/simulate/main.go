// Simulate runs the scheduler of gobuild in virtual time, on recorded times of
// parts, and prints how long a run takes beside the lower bound.
//
//	go run ./bench/simulate [-cores 1,2,4,8,16] [-first parts|makes] [-share path|turns] FILE ...
//
// A file is JSON: {"parts": [{"name": "zlib", "needs": ["m4"], "seconds": 7.8,
// "serial": 0.9}, ...]}. seconds is the CPU time of a part; serial is how much
// of it no second core helps with (unpack, configure, install). The rest is
// make: jobs of 0.1 s that run side by side. Parts are in the order of the
// profile, needs that are not in the file were there before.
//
// As in a real run the parts and the makes share one budget of a slot for each
// core: a part holds one slot, its make takes more for each further job. With
// -first parts, a slot that becomes free goes to a part that is ready, if there
// is one; with -first makes, only when no make wants it.
//
// Columns: the time with one part after the other and make -j; the simulated
// time; the lower bound max(critical path, CPU time / cores); simulated time
// over bound; and what the scheduler gains over one part after the other.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is a recorded part.
type part struct {
	Name    string   `json:"name"`
	Needs   []string `json:"needs"`
	Seconds float64  `json:"seconds"`
	Serial  float64  `json:"serial"`
}

func main() {
	flags := flag.NewFlagSet("simulate", flag.ExitOnError)
	cores := flags.String("cores", "1,2,4,8,16", "numbers of cores")
	first := flags.String("first", "parts", "who gets a slot first: parts or makes")
	share := flags.String("share", "path", "which make gets a slot first: by path or turns")
	flags.Parse(os.Args[1:])
	if err := run(os.Stdout, flags.Args(), *cores, *first, *share); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, files []string, cores, first, share string) error {
	counts, err := numbers(cores)
	if err != nil {
		return err
	}
	if first != "parts" && first != "makes" {
		return fmt.Errorf("-first %s: want parts or makes", first)
	}
	if share != "path" && share != "turns" {
		return fmt.Errorf("-share %s: want path or turns", share)
	}
	if len(files) == 0 {
		return errors.New("no file is named")
	}
	for _, file := range files {
		parts, err := read(file)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		if err := report(out, file, parts, counts, policy{first == "parts", share == "path"}); err != nil {
			return fmt.Errorf("simulate %s: %w", file, err)
		}
	}
	return nil
}

// numbers reads a list of numbers of cores.
func numbers(text string) ([]int, error) {
	var list []int
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 1024 {
			return nil, fmt.Errorf("-cores %s: %q is no number from 1 to 1024", text, word)
		}
		list = append(list, n)
	}
	return list, nil
}

// read reads a file, and drops needs that are not in it.
func read(file string) ([]part, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var content struct{ Parts []part }
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, p := range content.Parts {
		known[p.Name] = true
	}
	for i, p := range content.Parts {
		if p.Serial < 0 || p.Serial > p.Seconds || p.Seconds > 1e6 {
			return nil, fmt.Errorf("part %q: %g s, of it %g s serial", p.Name, p.Seconds, p.Serial)
		}
		content.Parts[i].Needs = slices.DeleteFunc(p.Needs, func(need string) bool { return !known[need] })
	}
	return content.Parts, nil
}

func report(out io.Writer, file string, parts []part, counts []int, p policy) error {
	total, serial := 0.0, 0.0
	for _, p := range parts {
		total, serial = total+p.Seconds, serial+p.Serial
	}
	fmt.Fprintf(out, "%s: %d parts, %.0f s, of it %.0f s serial\n", file, len(parts), total, serial)
	fmt.Fprintf(out, "%5s %14s %10s %8s %8s %6s\n", "cores", "one at a time", "simulated", "bound", "ratio", "gain")
	for _, cores := range counts {
		took, err := simulate(parts, cores, p)
		if err != nil {
			return err
		}
		one, least := oneByOne(parts, cores), bound(parts, cores)
		fmt.Fprintf(out, "%5d %12.1f s %8.1f s %6.1f s %8.3f %6.2f\n", cores, one.Seconds(), took.Seconds(), least.Seconds(),
			took.Seconds()/least.Seconds(), one.Seconds()/took.Seconds())
	}
	return nil
}

// alone is how long a part takes that has all cores.
func (p part) alone(cores int) time.Duration {
	return seconds(p.Serial) + seconds(p.Seconds-p.Serial)/time.Duration(cores)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func oneByOne(parts []part, cores int) time.Duration {
	var sum time.Duration
	for _, p := range parts {
		sum += p.alone(cores)
	}
	return sum
}

// bound returns max(critical path, CPU time / cores). The parts have no circle.
func bound(parts []part, cores int) time.Duration {
	var sum, path time.Duration
	ends := map[string]time.Duration{}
	byName := map[string]part{}
	for _, p := range parts {
		byName[p.Name] = p
		sum += seconds(p.Seconds)
	}
	var end func(p part) time.Duration
	end = func(p part) time.Duration {
		if _, known := ends[p.Name]; !known {
			var start time.Duration
			for _, need := range p.Needs {
				start = max(start, end(byName[need]))
			}
			ends[p.Name] = start + p.alone(cores)
		}
		return ends[p.Name]
	}
	for _, p := range parts {
		path = max(path, end(p))
	}
	return max(path, sum/time.Duration(cores))
}
