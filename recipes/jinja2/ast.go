package jinja2

import "go.starlark.net/starlark"

// expr is an expression. eval never returns nil without an error.
type expr interface {
	eval(f *frame) (starlark.Value, error)
	at() int // offset in the source
}

// stmt is a statement. A statement that leaves a loop returns errBreak or
// errContinue.
type stmt interface {
	exec(f *frame) error
}

type pos int

func (p pos) at() int { return int(p) }

// Expressions.
type (
	constExpr struct {
		pos
		value starlark.Value
	}
	nameExpr struct {
		pos
		name string
		ref  ref
	}
	tupleExpr struct {
		pos
		items []expr
	}
	listExpr struct {
		pos
		items []expr
	}
	dictExpr struct {
		pos
		keys, values []expr
	}
	attrExpr struct {
		pos
		x    expr
		name string
	}
	itemExpr struct {
		pos
		x, index expr
	}
	sliceExpr struct {
		pos
		from, to, step expr // nil: left out
	}
	callExpr struct {
		pos
		fn   expr
		args arguments
	}
	filterExpr struct {
		pos
		x    expr // nil in filter blocks and set blocks
		name string
		args arguments
	}
	testExpr struct {
		pos
		x    expr
		name string
		not  bool
		args arguments
	}
	unaryExpr struct {
		pos
		op string // "-" or "+"
		x  expr
	}
	notExpr struct {
		pos
		x expr
	}
	binaryExpr struct {
		pos
		op   string
		x, y expr
	}
	logicExpr struct {
		pos
		or   bool
		x, y expr
	}
	concatExpr struct {
		pos
		items []expr
	}
	compareExpr struct {
		pos
		first expr
		ops   []comparison
	}
	condExpr struct {
		pos
		test, yes, no expr // no may be nil
	}
	// namespaceRef is the target `name.attribute` of an assignment.
	namespaceRef struct {
		pos
		base *nameExpr
		attr string
	}
)

type comparison struct {
	op string
	x  expr
}

// arguments are those of a call.
type arguments struct {
	args         []expr
	names        []string // of kwargs
	kwargs       []expr
	star, double expr // *x and **x, or nil
}

// Statements.
type (
	textStmt  struct{ text string }
	printStmt struct {
		pos
		x expr
	}
	ifStmt struct {
		pos
		test      expr
		body      []stmt
		elifs     []*ifStmt
		otherwise []stmt
	}
	forStmt struct {
		pos
		target           expr
		iter, test       expr // test may be nil
		body, otherwise  []stmt
		recursive        bool
		extended         bool
		inner, elseLevel *level
		testLevel        *level
		loop             ref // slot of the loop variable
		fn               *function
		testTarget       expr // the target in the level of the test
	}
	setStmt struct {
		pos
		target   expr
		value    expr
		export   []string // names to export at top level
		toplevel bool
	}
	setBlockStmt struct {
		pos
		target   expr
		filter   expr // chain that ends in a filterExpr with x == nil, or nil
		body     []stmt
		inner    *level
		export   []string
		toplevel bool
	}
	doStmt struct {
		pos
		x expr
	}
	macroStmt struct {
		pos
		macro    *macroNode
		target   *nameExpr
		toplevel bool
	}
	callStmt struct {
		pos
		call  *callExpr
		macro *macroNode
	}
	filterStmt struct {
		pos
		filter expr
		body   []stmt
		inner  *level
	}
	withStmt struct {
		pos
		targets []expr
		values  []expr
		body    []stmt
		inner   *level
	}
	autoescapeStmt struct {
		pos
		x     expr
		body  []stmt
		inner *level
	}
	blockNode struct {
		pos
		name             string
		body             []stmt
		scoped, required bool
		fn               *function
		t                *Template
		level            *level
		toplevel         bool
	}
	extendsStmt struct {
		pos
		x expr
	}
	includeStmt struct {
		pos
		x             expr
		ignoreMissing bool
		withContext   bool
		locals        []local
	}
	importStmt struct {
		pos
		x           expr
		target      *nameExpr
		withContext bool
		locals      []local
		toplevel    bool
	}
	fromStmt struct {
		pos
		x           expr
		names       []importName
		withContext bool
		locals      []local
		toplevel    bool
	}
	breakStmt    struct{ pos }
	continueStmt struct{ pos }
)

type importName struct {
	name   string
	target *nameExpr
}

// macroNode is what macros and call blocks have in common.
type macroNode struct {
	pos
	name     string // empty: the caller of a call block
	params   []*nameExpr
	defaults []expr // of the last params
	body     []stmt
	fn       *function
	inner    *level
	// what of these the body uses
	caller, varargs, kwargs          bool
	callerRef, varargsRef, kwargsRef ref
	callerParam                      int // index of a parameter named caller, or -1
	t                                *Template
}
