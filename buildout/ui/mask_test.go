package ui

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	tests := []struct{ text, want string }{
		{"nothing here", "nothing here"},
		{"get https://joe:pa55@host/x?y=1", "get https://joe:***@host/x?y=1"},
		{"https://joe:p@55@host:80/x", "https://joe:***@host:80/x"},
		{"https://ghp_abc@github.com/x.git", "https://***@github.com/x.git"},
		{"ssh://git@host/x.git", "ssh://git@host/x.git"},
		{"https://host:8080/a@b", "https://host:8080/a@b"},
		{"https://${keys:user}:${keys:pw}@host", "https://${keys:user}:${keys:pw}@host"},
		{"https://${keys:user}:abc@host", "https://${keys:user}:***@host"},
		{"password = my secret words\nurl = x", "password = ***\nurl = x"},
		{"  mysql-password=abc  ", "  mysql-password=***  "},
		{"password += more\r\n", "password += ***\r\n"},
		{"password =\nurl = x", "password =\nurl = x"},
		{"password = ${keys:mysql}", "password = ${keys:mysql}"},
		{"password = a${keys:mysql}b", "password = ***${keys:mysql}***"},
		{"./configure --with-token=abc --prefix=/x", "./configure --with-token=*** --prefix=/x"},
		{"run PGPASSWORD='a b' psql", "run PGPASSWORD='***' psql"},
		{`run "API_KEY=abc" x`, `run "API_KEY=***" x`},
		{"mysql --password abc -u root", "mysql --password *** -u root"},
		{"mysql --password --user=x", "mysql --password --user=x"},
		{"http://h/x?token=abc&b=1", "http://h/x?token=***&b=1"},
		{"http://h/x?X-Amz-Signature=abc&b=1", "http://h/x?X-Amz-Signature=***&b=1"},
		{`{"password": "abc", "user": "x"}`, `{"password": "***", "user": "x"}`},
		{"Authorization: Basic YWJj", "Authorization: Basic ***"},
		{"password-file = /etc/pw", "password-file = /etc/pw"},
		{"tokenizer = fast", "tokenizer = fast"},
		{"if token == 3", "if token == 3"},
		{"__buildout_signature__ = abc", "__buildout_signature__ = abc"},
		{"db:password: must not be empty", "db:password: must not be empty"},
	}
	for _, tt := range tests {
		if got := Mask(tt.text); got != tt.want {
			t.Errorf("Mask(%q)\n got %q\nwant %q", tt.text, got, tt.want)
		}
	}
}

// TestMaskTime: the time for a long line of many secrets does not explode.
func TestMaskTime(t *testing.T) {
	const n = 20_000
	text := "x " + strings.Repeat("token=a&", n) + strings.Repeat("token='", n)
	if got := strings.Count(Mask(text), hidden+"&"); got != n {
		t.Errorf("%d secrets are hidden, want %d", got, n)
	}
}

// FuzzMask: a secret never shows, and what is masked stays as it is.
func FuzzMask(f *testing.F) {
	f.Add("https://a:b@c/ token=", "x")
	f.Add("a\xff${", "\"")
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "tops3cret"
		text := before + "\npassword = " + secret + "\n" + after
		got := Mask(text)
		if strings.Contains(got, secret) && !strings.Contains(before+after, secret) {
			t.Errorf("Mask(%q) shows the secret: %q", text, got)
		}
		for at, s := 0, secrets(text); len(s) > 0; s = s[1:] {
			if s[0].from < at || s[0].to <= s[0].from || s[0].to > len(text) {
				t.Fatalf("stretches of %q: %v", text, s)
			}
			at = s[0].to
		}
	})
}
