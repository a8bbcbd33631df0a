package edxl

// kind is a message's name in the standard: that of its root element and of
// its MessageContentType.
type kind string

const (
	kindRequest    kind = "RequestResource"
	kindResponse   kind = "ResponseToRequestResource"
	kindCommitment kind = "CommitResource"
	kindRelease    kind = "ReleaseResource"
)

// item is any message's item: what all have, and the answer if it is one.
type item struct {
	Item
	answers bool // it has ResponseInformation
	to      ItemID
	answer  Answer
	reason  Reason
}

func (m *Request) header() *Header    { return &m.Header }
func (m *Response) header() *Header   { return &m.Header }
func (m *Commitment) header() *Header { return &m.Header }
func (m *Release) header() *Header    { return &m.Header }

func (m *Request) kind() kind    { return kindRequest }
func (m *Response) kind() kind   { return kindResponse }
func (m *Commitment) kind() kind { return kindCommitment }
func (m *Release) kind() kind    { return kindRelease }

func (m *Request) items() []item { return plain(m.Items) }
func (m *Release) items() []item { return plain(m.Items) }

func (m *Response) items() []item {
	list := make([]item, 0, len(m.Items))
	for _, i := range m.Items {
		list = append(list, item{i.Item, true, i.To, i.Answer, i.Reason})
	}
	return list
}

func (m *Commitment) items() []item {
	list := make([]item, 0, len(m.Items))
	for _, i := range m.Items {
		list = append(list, item{i.Item, true, i.To, Accept, Reason{}})
	}
	return list
}

func plain(items []Item) []item {
	list := make([]item, 0, len(items))
	for _, i := range items {
		list = append(list, item{Item: i})
	}
	return list
}

// assemble is the reverse of header and items.
func assemble(k kind, h Header, items []item) Message {
	switch k {
	case kindRequest:
		m := &Request{Header: h}
		for _, i := range items {
			m.Items = append(m.Items, i.Item)
		}
		return m
	case kindResponse:
		m := &Response{Header: h}
		for _, i := range items {
			m.Items = append(m.Items, Reply{i.Item, i.to, i.answer, i.reason})
		}
		return m
	case kindCommitment:
		m := &Commitment{Header: h}
		for _, i := range items {
			m.Items = append(m.Items, Committed{i.Item, i.to})
		}
		return m
	case kindRelease:
		m := &Release{Header: h}
		for _, i := range items {
			m.Items = append(m.Items, i.Item)
		}
		return m
	}
	return nil
}

// schedules returns the schedule types that the schema of a kind of message
// allows.
func schedules(k kind) []ScheduleType {
	switch k {
	case kindRequest:
		return []ScheduleType{RequestedArrival, RequestedDeparture, EstimatedReturnDeparture, EstimatedReturnArrival, ReportTo, Route}
	case kindResponse:
		return []ScheduleType{EstimatedArrival, EstimatedDeparture, RequestedReturnDeparture, RequestedReturnArrival,
			BeginAvailable, EndAvailable, RequestedArrival, RequestedDeparture, EstimatedReturnDeparture, ReportTo, Route}
	case kindCommitment:
		return []ScheduleType{ActualDeparture, ScheduleCommitted, RequestedArrival, RequestedDeparture, EstimatedReturnDeparture,
			RequestedReturnArrival, EstimatedReturnArrival, ReportTo, EstimatedArrival, EstimatedDeparture,
			RequestedReturnDeparture, BeginAvailable, EndAvailable, ScheduleCurrent, Route}
	case kindRelease:
		return []ScheduleType{ActualReturnDeparture, ScheduleCurrent, RequestedArrival, EstimatedArrival, ActualArrival,
			RequestedDeparture, EstimatedDeparture, ActualDeparture, RequestedReturnDeparture, RequestedReturnArrival,
			BeginAvailable, EndAvailable, ScheduleCommitted, ReportTo, EstimatedReturnDeparture, EstimatedReturnArrival, Route}
	}
	return nil
}
