package lint

// ruleCases are profiles with what one rule finds in them.
var ruleCases = []struct {
	rule, files, want string
	upstream          bool
}{
	{"addition-on-nothing", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\npatches += x\n",
		"a.cfg:5:1 a:patches: nothing to add to: no file before this one gives patches a value (write `patches =` if this is the first value, else extend the file that sets it)\n", false},
	{"addition-on-nothing", "[buildout]\nextends = b.cfg\nparts = a\n[a]\nconfigure-option += x\n-- b.cfg --\n[a]\nrecipe = cmmi\nconfigure-options = y\n",
		"a.cfg:5:1 a:configure-option: nothing to add to: no file before this one gives configure-option a value (did you mean \"configure-options\"?)\n", false},
	{"addition-on-nothing", "[buildout]\nextends = b.cfg\nparts = a\n[a]\npatches += x\nversions += 1\n-- b.cfg --\n[a]\nrecipe = cmmi\npatches = y\n", "", false},
	{"addition-on-nothing", "[buildout]\nparts = b\n[a]\npatches = y\n[b]\n<= a\nrecipe = cmmi\npatches += x\n[c]\n<= a\nrecipe = cmmi\n", "", false},

	{"bad-boolean", "[buildout]\nparts = a\nnewest = False\n[a]\nrecipe = cmmi\nshared = True\n",
		"a.cfg:3:10 buildout:newest: \"False\" is not a boolean: write true or false (write false)\n" +
			"a.cfg:6:10 a:shared: \"True\" is not a boolean: write true or false (write true)\n", false},
	{"bad-boolean", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nshared = true\n[b]\nshared = True\n", "", false},

	{"bad-checksum", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nmd5sum = 12g4\nsha256sum = d41d8cd98f00b204e9800998ecf8427e\n",
		"a.cfg:5:10 a:md5sum: \"12g4\" is no checksum: md5sum has 32 hexadecimal digits\n" +
			"a.cfg:6:13 a:sha256sum: \"d41d8cd98f00b204e9800998ecf8427e\" is no checksum: sha256sum has 64 hexadecimal digits (a number of this length is a md5sum)\n", false},
	{"bad-checksum", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nmd5sum = md5:d41d8cd98f00b204e9800998ecf8427e\n",
		"a.cfg:5:10 a:md5sum: \"md5:d41d8cd98f00b204e9800998ecf8427e\" is no checksum: md5sum has 32 hexadecimal digits (write d41d8cd98f00b204e9800998ecf8427e)\n", false},
	{"bad-checksum", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nmd5sum = ${b:sum}\nsha256sum =\n[b]\nsum = d41d8cd98f00b204e9800998ecf8427e\n[c]\nrecipe = cmmi\nmd5sum = (required)\n", "", false},

	{"condition-constant", "[buildout]\nparts =\n[a:sys.version_info < (2,)]\nx = 1\n[b:True]\nx = 1\n",
		"a.cfg:3:4 a: this condition is false on every Python and platform (the section never counts: remove it, or correct the condition)\n" +
			"a.cfg:5:4 b: this condition is true on every Python and platform (leave the condition out)\n", false},
	{"condition-constant", "[buildout]\nparts =\n[a:python2]\nx = 1\n[b:linux and platform.machine() == 'x86_64']\n[c:os.path.exists('/nowhere')]\n[d:python_version >= '3.8']\n[e:]\n[f:pypy]\n[g:bits32]\n[h:windows]\n[i:max(range(900000))]\n", "", false},

	{"dialect-difference", "[buildout]\nextends = b.cfg c.cfg\nparts =\n-- b.cfg --\n[buildout]\nextends = base.cfg\n[a]\nx = 2\n-- c.cfg --\n[buildout]\nextends = base.cfg\n-- base.cfg --\n[a]\nx = 1\n",
		"b.cfg:4:1 a:x: the value is \"1\" in the upstream dialect and \"2\" in the slapos dialect (extend each file once, or say with dialect in gobuild.ini which dialect is meant)\n", true},
	{"dialect-difference", "[buildout]\nextends = b.cfg c.cfg\nparts =\n-- b.cfg --\n[a]\nx = 2\n-- c.cfg --\n[a]\nx = 1\n", "", true},

	{"duplicate-part", "[buildout]\nparts =\n  a\n# a\n  b\n  a\n[a]\nrecipe = x\n[b]\nrecipe = x\n",
		"a.cfg:6:3 buildout:parts: part a is in the list already\n", false},
	{"duplicate-part", "[buildout]\nextends = b.cfg\nparts += a\n[a]\nrecipe = x\n-- b.cfg --\n[buildout]\nparts = a\n", "", false},

	{"insecure-url", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nurl = http://h.test/x\npatches =\n  http://ftp.gnu.org/p\n#  http://c.test\n  ftp://h.test/q#00\n",
		"a.cfg:5:7 a:url: http is not protected on its way (try https; else give the file a checksum)\n" +
			"a.cfg:7:3 a:patches: http is not protected on its way (write https)\n" +
			"a.cfg:9:3 note a:patches: ftp shows all on the way what is fetched\n", false},
	{"insecure-url", "[buildout]\nparts = b\n[a]\nrecipe = cmmi\nurl = http://h.test/x\n[b]\n<= a\nmd5sum = d41d8cd98f00b204e9800998ecf8427e\n",
		"a.cfg:5:7 note a:url: http shows all on the way what is fetched (try https)\n", false},
	{"insecure-url", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nurl = https://h.test/x\npatches = http://localhost/x\ncomment = http://h.test/\n", "", false},

	{"missing-checksum", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nversion = 1\nurl = https://h.test/x-${:version}\nmd5sum =\n",
		"a.cfg:6:7 a:url: the download has no checksum (add `md5sum = …` or `sha256sum = …`)\n", false},
	{"missing-checksum", "[buildout]\nparts = b c d\n[a]\nrecipe = cmmi\nurl = https://h.test/x\n[b]\n<= a\nsha256sum = 00\n[c]\nrecipe = cmmi\nurl = /there/x\n[d]\nrecipe = other\nurl = https://h.test/x\n", "", false},

	{"missing-recipe", "[buildout]\nparts =\n  a\n  b\n  zilb # why not\n[a]\nx = 1\n[b]\nrecipe = x\n[zlib]\nrecipe = x\n",
		"a.cfg:3:3 buildout:parts: part \"a\" has no recipe (add `recipe = …`, or take the name out of parts)\n" +
			"a.cfg:5:3 buildout:parts: part \"zilb\" is no section (did you mean \"zlib\"?)\n" +
			"a.cfg:5:8 buildout:parts: part \"#\" is no section (a comment begins in the first column; here # and what follows are names of parts)\n", false},
	{"missing-recipe", "[buildout]\nparts = ${c:list}\n[c]\nlist = a\n[a]\n<= b\n[b]\nrecipe = x\n", "", false},

	{"mixed-indentation", "[buildout]\nparts =\n[a]\nx =\n  1\n\t2\n\t3\n",
		"a.cfg:6:1 a:x: this line is indented with a tab, the lines above with blanks (indent all lines of the value with blanks)\n", false},
	{"mixed-indentation", "[buildout]\nparts =\n[a]\nx =\n\t1\n\t  2\ny = 1\n  2\n\t3\n", "", false},

	{"removal-of-nothing", "[buildout]\nextends = b.cfg\nparts = a\n[a]\nx -=\n  1\n  3\ny -= 1\n-- b.cfg --\n[a]\nrecipe = x\nx =\n  1\n    3\n",
		"a.cfg:5:1 a:x: nothing to remove: no line of x is \"3\" (a line differs in white space only: \"  3\")\n" +
			"a.cfg:8:1 a:y: nothing to remove: no line of y is \"1\"\n", false},
	{"removal-of-nothing", "[buildout]\nextends = b.cfg\nparts = a b\n[a]\nx -= 1\n[b]\n<= a\nx -= 2\n-- b.cfg --\n[a]\nrecipe = x\nx =\n  1\n  2\n", "", false},

	{"shadowed-option", "[buildout]\nparts =\n[a]\nx = 1\ny = 1\nx = 2\n[a]\ny = 1\n",
		"a.cfg:4:1 a:x: this value has no effect: x is set again below (take one of them out)\n" +
			"a.cfg:5:1 a:y: this value has no effect: y is set again below (both are the same: take one out)\n", false},
	{"shadowed-option", "[buildout]\nparts =\n[a:python2]\nx = 1\n[a]\nx = 2\n",
		"a.cfg:4:1 a:x: this value has no effect: x is set again below (take one of them out)\n", false},
	{"shadowed-option", "[buildout]\nparts =\n[a]\nx = 1\ny = 1\n[a:python2]\nx = 2\n[a]\ny += 2\n[b]\nx = 1\n", "", false},

	{"trailing-comment", "[buildout]\nparts =\n  a # one\n  b\n[a]\nurl = x # two\nrecipe = x\n[b]\nrecipe = x\n",
		"a.cfg:3:5 buildout:parts: this is no comment but part of the value (put the comment on a line of its own, with # in the first column)\n" +
			"a.cfg:6:9 a:url: this is no comment but part of the value (put the comment on a line of its own, with # in the first column)\n", false},
	{"trailing-comment", "[buildout]\nparts = a\n[a]\nrecipe = x\n# comment\ncommand = true # shell\nscript =\n  true # shell\npatches = p#0123\ncolour = #fff\n", "", false},

	{"undefined-macro", "[buildout]\nparts =\n[a]\n<= basic\n  none\n[base]\nx = 1\n",
		"a.cfg:4:4 a:<: there is no section [basic] (did you mean \"base\"?)\na.cfg:5:3 a:<: there is no section [none]\n", false},
	{"undefined-macro", "[buildout]\nparts =\n[a]\n<= b\n[b]\nx = 1\n", "", false},

	{"undefined-reference", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nx = ${b:x} ${bb:vale} ${:none} ${:url}\n[bb]\nvalue = 1\n[c]\nx = ${d:x}\n",
		"a.cfg:5:5 a:x: there is no section [b]\n" +
			"a.cfg:5:12 a:x: section [bb] has no option vale (did you mean \"value\"?)\n" +
			"a.cfg:5:23 a:x: section [a] has no option none\n" +
			"a.cfg:9:5 c:x: there is no section [d]\n", false},
	{"undefined-reference", "[buildout]\nparts = a b\n[t]\nx = ${:y}\n[a]\n<= t\nrecipe = other\nz = ${:made} ${b:location} ${b:_buildout_section_name_} $${x:y} ${buildout:directory}\ny = 1\n[b]\nrecipe = cmmi\n", "", false},

	{"unknown-option-name", "[buildout]\nparts = a\n[a]\nrecipe = cmmi\nconfigure-option = x\n",
		"a.cfg:5:1 a:configure-option: recipe cmmi has no option \"configure-option\" (did you mean \"configure-options\"?)\n", false},
	{"unknown-option-name", "[buildout]\nparts = a b\n[a]\nrecipe = cmmi\nconfigure-option = x\nconfigure-options = ${:configure-option}\nversion = 1\n[b]\nrecipe = other\nmd5sums = 1\n", "", false},

	{"unreachable-part", "[buildout]\nextends = b.cfg\nparts = a\n[a]\nrecipe = x\n[b]\nrecipe = x\n-- b.cfg --\n[c]\nrecipe = x\n",
		"a.cfg:6:2 b: no part needs [b]: it is never installed (add it to parts, or remove it)\n", false},
	{"unreachable-part", "[buildout]\nparts = a\n[a]\nrecipe = x\ny = ${b:x}\n=> e\n[b]\nrecipe = x\nx = 1\ncontext = key z d:x\n[d]\nrecipe = x\n[e]\nrecipe = x\n", "", false},

	{"unreferenced-section", "[buildout]\nparts = a\n[a]\nrecipe = x\n[b]\nx = 1\n", "a.cfg:5:2 b: nothing uses [b] (remove it, or refer to it)\n", false},
	{"unreferenced-section", "[buildout]\nparts = a\nversions = v\n[v]\nx = 1\n[a]\n<= m\nrecipe = template\nurl = /p/t.in\nenvironment = env\n[m]\n[env]\n[t]\nx = 1\n-- t.in --\n${t:x}\n", "", false},

	{"unused-buildout-option", "[buildout]\nparts =\nparst = a\nown = 1\n",
		"a.cfg:3:1 buildout:parst: nothing reads the option parst of [buildout] (did you mean \"parts\"?)\n" +
			"a.cfg:4:1 buildout:own: nothing reads the option own of [buildout] (move it into a section of its own, or remove it)\n", false},
	{"unused-buildout-option", "[buildout]\nparts =\nown = 1\nextensions = slapos.rebootstrap\nrebootstrap-section = a\nshared-part-list = x\n[a]\nx = ${buildout:own}\n", "", false},

	{"unused-extends", "[buildout]\nextends =\n  b.cfg\n# no.cfg\n  c.cfg\nparts = a\n[a]\nrecipe = x\nx = ${b:x}\n-- b.cfg --\n[b]\nx = 1\n-- c.cfg --\n[c]\nx = 1\n",
		"a.cfg:5:3 buildout:extends: nothing of this file is used here (take it out of extends, unless files that extend this one rely on it)\n", false},
	{"unused-extends", "[buildout]\nextends = b.cfg c.cfg d.cfg v.cfg\nparts = a b\n[a]\nrecipe = template\nurl = /p/t.in\n-- b.cfg --\n[b]\nrecipe = x\nx = ${d:x}\n-- c.cfg --\n[c]\nx = 1\n-- d.cfg --\n[d]\nx = 1\n-- v.cfg --\n[versions]\nx = 1\n-- t.in --\n${c:x}\n", "", false},
}
