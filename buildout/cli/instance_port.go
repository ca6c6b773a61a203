package cli

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gobuild/buildout/diag"
	"gobuild/parts/supervise"
)

// portsOf returns the parameters that are ports.
func portsOf(parameters map[string]any) map[string]int {
	ports := map[string]int{}
	for name, value := range parameters {
		if name != "port" && !strings.HasSuffix(name, "-port") && !strings.HasSuffix(name, "_port") {
			continue
		}
		text := ""
		switch v := value.(type) {
		case json.Number:
			text = v.String()
		case string:
			text = v
		}
		if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 1<<16 {
			ports[name] = n
		}
	}
	return ports
}

// checkPorts refuses ports that others have: other instances, also when they do
// not run, and other programs. Those that the instance has already are its own.
func (i *instances) checkPorts(ctx context.Context, name string, has, wanted map[string]any) error {
	own := slices.Collect(maps.Values(portsOf(has)))
	asked := portsOf(wanted)
	var problems diag.List
	for _, parameter := range slices.Sorted(maps.Keys(asked)) {
		port := asked[parameter]
		if slices.Contains(own, port) {
			continue
		}
		by, err := i.holderOf(ctx, name, port)
		if err != nil {
			return err
		}
		if by != "" {
			problems.Add(refuse("instance-port", "the port %d (parameter %s) is taken by %s", port, parameter, by).
				WithHint("choose another one; without the parameter, software that takes a free port by itself finds one"))
		}
	}
	return problems.Err()
}

// holderOf says who has a port; "" is nobody.
func (i *instances) holderOf(ctx context.Context, name string, port int) (string, error) {
	names, err := i.names()
	if err != nil {
		names = nil // the root is yet to be made
	}
	for _, other := range names {
		if other == name {
			continue
		}
		wish, err := i.store(other).Wish()
		if err != nil {
			return "", err
		}
		published, err := i.store(other).Published(ctx)
		if err != nil {
			return "", err
		}
		object, _ := published.Unwrapped().(map[string]any)
		for _, parameters := range []map[string]any{wish.Parameters, object} {
			if slices.Contains(slices.Collect(maps.Values(portsOf(parameters))), port) {
				return "the instance " + other, nil
			}
		}
	}
	partition, err := i.store(name).Partition(ctx)
	if err != nil {
		return "", err
	}
	for _, address := range slices.Concat(partition.IPv4, partition.IPv6) {
		if by := supervise.Taken(address, port); by != "" {
			return by, nil
		}
	}
	return "", nil
}

// checkSockets refuses values of a profile that are paths of sockets which the
// kernel cannot bind.
func checkSockets(dir string, sections map[string]map[string]string) error {
	var problems diag.List
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		for _, option := range slices.Sorted(maps.Keys(sections[section])) {
			value := sections[section][option]
			ending := filepath.Ext(value)
			if ending != ".sock" && ending != ".socket" || !strings.HasPrefix(value, dir+"/") || strings.ContainsAny(value, "\n ") {
				continue
			}
			if len(value) > supervise.MaxSocket {
				problems.Add(refuse("instance-socket", "the path of a socket has more than the %d bytes that the system allows: %s", supervise.MaxSocket, value).
					WithPath(section, option).WithHint("choose a shorter name, or a directory of instances (--root) with a shorter path"))
			}
		}
	}
	return problems.Err()
}
