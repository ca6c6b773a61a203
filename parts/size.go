package parts

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes: 2000000, 512M, 1.5G, 4GiB. The letters K,
// M, G and T, in either case, are powers of 1024.
func ParseSize(text string) (int64, error) {
	bad := fmt.Errorf("%q is not a size: write 512M, 1.5G or a number of bytes", text)
	number := strings.ToUpper(strings.TrimSpace(text))
	number = strings.TrimSuffix(strings.TrimSuffix(number, "B"), "I")
	unit := 1.0
	if n := len(number); n > 0 {
		if power := strings.IndexByte("KMGT", number[n-1]); power >= 0 {
			unit, number = math.Pow(1024, float64(power+1)), strings.TrimSpace(number[:n-1])
		}
	}
	if strings.Trim(number, "0123456789.") != "" {
		return 0, bad
	}
	value, err := strconv.ParseFloat(number, 64)
	if size := value * unit; err == nil && size < math.MaxInt64 {
		return int64(size), nil
	}
	return 0, bad
}
