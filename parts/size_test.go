package parts

import "testing"

func TestParseSize(t *testing.T) {
	good := map[string]int64{"0": 0, "2000000": 2000000, "512M": 512 << 20, "1.5G": 3 << 29, " 4 GiB ": 4 << 30, "10k": 10 << 10, "2tb": 2 << 40, "7B": 7}
	for text, want := range good {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "G", "many", "-1", "1e3", "0x10", "5GG", "99999999999T", "1..2", "inf", "nan"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}
