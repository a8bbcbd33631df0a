package ics

// unit is lines that belong together. If a page ends before or within them,
// head is repeated on the next one, but not before a unit that begins a box.
type unit struct {
	lines  []string
	head   []string
	begins bool
}

// pager puts units on pages.
type pager struct {
	top   []string // lines at the head of every page
	room  int      // lines of a page between its head and its foot
	pages [][]string
}

// add puts a unit on the page, or on the next one if it fits there as a whole.
// A longer one is parted.
func (p *pager) add(u unit) {
	head := u.head
	if u.begins {
		head = nil
	}
	if len(u.lines) > p.left() && len(head)+len(u.lines) <= p.room {
		p.turn(head)
	}
	for _, line := range u.lines {
		if p.left() == 0 {
			p.turn(u.head)
		}
		last := len(p.pages) - 1
		p.pages[last] = append(p.pages[last], line)
	}
}

// left returns how many lines fit on the page; there is none at first.
func (p *pager) left() int {
	if len(p.pages) == 0 {
		return 0
	}
	return p.room - len(p.pages[len(p.pages)-1])
}

// turn begins a page. Nothing is continued on the first one.
func (p *pager) turn(head []string) {
	if len(p.pages) == 0 {
		head = nil
	}
	p.pages = append(p.pages, append(make([]string, 0, p.room), head...))
}
