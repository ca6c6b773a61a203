package main
import ("testing";"fmt";"slices";"maps")
func TestZZ(t *testing.T){ u:=usedCodes(t); for _,c:=range slices.Sorted(maps.Keys(u)){ fmt.Println(c,u[c])}; fmt.Println(len(u)) }
