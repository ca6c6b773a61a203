package elf

import "debug/elf"

// judgeHardening looks at what makes attacks easier.
func (a *audit) judgeHardening(s *subject) {
	m := s.image
	if m.problem != "" {
		return
	}
	add := func(kind, message, hint string) {
		a.add(s.part, Finding{File: s.path, Kind: kind, Level: Warning, Message: message, Hint: hint})
	}
	if m.kind == elf.ET_EXEC {
		add(KindPIE, "its addresses are fixed: it is not position independent", "compile with -fPIE and link with -pie")
	}
	if !m.dynamic {
		return
	}
	if m.textrel {
		add(KindTextrel, "its code is changed when it is loaded, so it is writable then, and not shared", "compile with -fPIC")
	}
	if !m.relro {
		add(KindRelro, "the tables of the loader in it stay writable (no RELRO)", "link with -Wl,-z,relro")
	}
	if m.execStack {
		add(KindExecStack, "it makes the stack executable", "link with -Wl,-z,noexecstack; assembler files need a section .note.GNU-stack")
	}
	if m.buffers && !m.protects {
		add(KindStackProtector, "it fills buffers and has no stack protector", "compile with -fstack-protector-strong")
	}
}
