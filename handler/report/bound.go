package report

// keeper is a writer that keeps what it writes later.
type keeper interface {
	// kept returns how many bytes of the report it keeps.
	kept() int
}

// length returns how many bytes a report has so far, written or kept.
func length(out *printer, body writer) int {
	n := out.n
	if k, ok := body.(keeper); ok {
		n += k.kept()
	}
	return n
}

// pageRow is counted for a row that the page keeps until its end: 5,000 rows fit into
// 2 MB.
const pageRow = 400

func (p *page) kept() int { return p.seen*pageRow + len(p.by["account"])*pageAccount }

func (p prometheusReport) kept() int { return p.info.n }

func (j *junitReport) kept() int { return j.cases.n }

// isPart reports whether buckets are missing at the end of the report, so that no
// score of the whole can be made.
func (s *Summary) isPart() bool { return s.Next != "" || s.Error != nil }
