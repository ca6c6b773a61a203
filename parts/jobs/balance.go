package jobs

import (
	"cmp"
	"slices"
)

// claim is what a share is to have at a moment.
type claim struct {
	share  *Share
	unread int
	want   int // what it could use
	most   int // what it may have
	target int // what it is to have
	base   int // of target, what it wants
}

// live returns the shares whose commands run.
func (p *Pool) live() []*Share {
	var live []*Share
	for _, s := range p.shares {
		if s.running > 0 {
			live = append(live, s)
		}
	}
	return live
}

// balance brings the fifos to what each is to have: it reads unread tokens from
// those that have too many, writes to those that have too few, and hunts for
// what is still missing. Demand comes first.
func (p *Pool) balance() {
	var claims []claim
	granted, lacking := 0, p.demand-p.free()
	for _, s := range p.live() {
		unread := s.unread()
		if s.spoiled {
			continue
		}
		c := claim{share: s, unread: unread, most: p.total}
		if s.Most > 0 {
			c.most = s.Most - 1 // beside its own token
		}
		c.want = min(s.want(unread, p.now), c.most)
		claims = append(claims, c)
		granted += s.granted
		lacking += max(c.want-s.granted, 0)
	}
	p.borrow(lacking)
	left := fill(claims, max(p.free()-p.demand+granted, 0))
	missing := p.demand - p.free()
	for _, c := range claims {
		missing += max(c.base-c.share.granted, 0)
	}
	if p.outer == nil {
		spread(claims, left)
	}
	p.reclaim(claims, missing)
	p.feed(claims)
	p.giveBack()
}

// fill sets base and target of claims so that n tokens are shared out evenly,
// none getting more than it wants. Of equal ones, those go first that have
// more: tokens stay where they are. It returns what nobody wants.
func fill(claims []claim, n int) int {
	order := make([]*claim, len(claims))
	for i := range claims {
		order[i] = &claims[i]
	}
	slices.SortStableFunc(order, func(a, b *claim) int { return cmp.Compare(b.share.granted, a.share.granted) })
	for n > 0 {
		open := slices.DeleteFunc(slices.Clone(order), func(c *claim) bool { return c.base >= c.want })
		if len(open) == 0 {
			break
		}
		each := max(n/len(open), 1)
		for _, c := range open {
			k := min(each, c.want-c.base, n)
			c.base += k
			n -= k
		}
	}
	for i := range claims {
		claims[i].target = claims[i].base
	}
	return n
}

// spread adds n tokens to the targets, evenly as far as they may have more.
func spread(claims []claim, n int) {
	for i := range claims {
		k := min(n/(len(claims)-i), max(claims[i].most-claims[i].target, 0))
		claims[i].target += k
		n -= k
	}
}

// reclaim reads up to missing unread tokens from those that have too many. Of
// what is missing then, it hunts in the same places.
func (p *Pool) reclaim(claims []claim, missing int) {
	for _, c := range claims {
		over := c.share.granted - c.target
		if p.outer == nil { // else what is not needed goes back there
			over = min(over, missing)
		}
		if over > 0 {
			missing -= c.share.reclaim(over)
		}
	}
	for _, c := range claims {
		c.share.hunt(missing > 0 && c.share.granted > c.target)
	}
}

// reclaimAny reads unread tokens, wherever they are, until n are free.
func (p *Pool) reclaimAny(n int) {
	for p.free() < n {
		got := 0
		for _, s := range p.live() {
			if p.free() < n {
				got += s.reclaim(1)
			}
		}
		if got == 0 {
			return
		}
	}
}

// feed writes free tokens: first what is wanted, then the rest.
func (p *Pool) feed(claims []claim) {
	spare := max(p.free()-p.demand, 0)
	for _, level := range []func(claim) int{
		func(c claim) int { return c.base },
		func(c claim) int { return c.target },
	} {
		for _, c := range claims {
			if k := min(level(c)-c.share.granted, spare); k > 0 {
				spare -= c.share.feed(k, p.now)
			}
		}
	}
}
