package edxl

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// The facts of the OASIS schema files for EDXL-RM 1.0 (RMSchemas080126), as a
// table of its own: it shares nothing with the code that it judges. A part is
// "prefix:Name" and how often it may be there, as ? + or *; in the order given.
// A word in capitals after the colon is the content of an element without
// parts.

// schemaOf returns what every element of a kind of message may hold.
func schemaOf(k kind) map[string]string {
	s := map[string]string{
		"msg:MessageID":            "STRING",
		"msg:SentDateTime":         "DATETIME",
		"msg:MessageContentType":   "ONEOF " + string(k),
		"msg:MessageDescription":   "STRING",
		"msg:OriginatingMessageID": "STRING",
		"msg:PrecedingMessageID":   "STRING",
		"msg:IncidentInformation":  "rm:IncidentID? rm:IncidentDescription?",
		"rm:IncidentID":            "STRING",
		"rm:IncidentDescription":   "STRING",
		"msg:MessageRecall":        "rm:RecallMessageID rm:RecallType",
		"rm:RecallMessageID":       "STRING",
		"rm:RecallType":            "ONEOF Update Cancel",
		"msg:ContactInformation":   "rm:ContactDescription? rm:ContactRole? rm:Radio* rm:ContactLocation?",
		"rm:ContactDescription":    "STRING",
		"rm:ContactRole":           "ONEOF Sender Requester SubjectMatterExpert Approver RespondingOrg Owner",
		"rm:Radio":                 "rm:RadioType rm:RadioChannel",
		"rm:RadioType":             "rm:ValueListURN rm:Value+",
		"rm:RadioChannel":          "STRING",
		"rm:ContactLocation":       "rm:LocationDescription?",
		"rm:LocationDescription":   "STRING",
		"rm:ValueListURN":          "URI",
		"rm:Value":                 "STRING",

		"msg:ResourceInformation":           "msg:ResourceInfoElementID msg:ResponseInformation msg:Resource? msg:AssignmentInformation? msg:ScheduleInformation*",
		"msg:ResourceInfoElementID":         "STRING",
		"msg:ResponseInformation":           "rm:PrecedingResourceInfoElementID rm:ResponseType rm:ReasonCode? rm:ResponseReason?",
		"rm:PrecedingResourceInfoElementID": "STRING",
		"rm:ResponseType":                   "ONEOF Accept Decline Provisional",
		"rm:ReasonCode":                     "rm:ValueListURN rm:Value+",
		"rm:ResponseReason":                 "STRING",
		"msg:Resource":                      "msg:ResourceID? msg:Name? msg:TypeStructure? msg:Description? msg:OwnershipInformation?",
		"msg:ResourceID":                    "STRING",
		"msg:Name":                          "STRING",
		"msg:TypeStructure":                 "rm:ValueListURN rm:Value+",
		"msg:Description":                   "STRING",
		"msg:OwnershipInformation":          "rm:Owner?",
		"rm:Owner":                          "STRING",
		"msg:AssignmentInformation":         "msg:Quantity msg:AnticipatedFunction?",
		"msg:Quantity":                      "rm:QuantityText+",
		"rm:QuantityText":                   "STRING",
		"msg:AnticipatedFunction":           "STRING",
		"msg:ScheduleInformation":           "msg:ScheduleType msg:DateTime? msg:Location?",
		"msg:DateTime":                      "DATETIME",
		"msg:Location":                      "rm:LocationDescription?",
	}
	times := "RequestedArrival EstimatedArrival ActualArrival RequestedDeparture EstimatedDeparture ActualDeparture " +
		"EstimatedReturnDeparture EstimatedReturnArrival ActualReturnDeparture ActualReturnArrival RequestedReturnDeparture RequestedReturnArrival " +
		"BeginAvailable EndAvailable Committed Current ReportTo Route"
	switch k {
	case kindRequest:
		s["msg:ResourceInformation"] = "msg:ResourceInfoElementID msg:Resource msg:AssignmentInformation? msg:ScheduleInformation*"
		s["msg:Resource"] = "msg:ResourceID? msg:Name? msg:TypeStructure? msg:Description?"
		s["msg:AssignmentInformation"] = "msg:Quantity? msg:AnticipatedFunction?"
		s["msg:ScheduleType"] = "ONEOF RequestedArrival RequestedDeparture EstimatedReturnDeparture EstimatedReturnArrival ReportTo Route"
	case kindResponse:
		s["msg:AssignmentInformation"] = "msg:Quantity? msg:AnticipatedFunction?"
		s["msg:ScheduleType"] = "ONEOF " + without(times, "ActualArrival", "ActualDeparture", "ActualReturnArrival", "ActualReturnDeparture", "Committed", "Current", "EstimatedReturnArrival")
	case kindCommitment:
		s["msg:ScheduleType"] = "ONEOF " + without(times, "ActualArrival", "ActualReturnArrival", "ActualReturnDeparture")
	case kindRelease:
		s["msg:ResourceInformation"] = "msg:ResourceInfoElementID msg:ResponseInformation? msg:Resource msg:AssignmentInformation? msg:ScheduleInformation*"
		s["msg:ScheduleType"] = "ONEOF " + without(times, "ActualReturnArrival")
	}
	preceding := map[kind]string{kindRequest: "", kindResponse: "msg:PrecedingMessageID ", kindCommitment: "msg:PrecedingMessageID ", kindRelease: "msg:PrecedingMessageID? "}
	s["msg:"+string(k)] = "msg:MessageID msg:SentDateTime msg:MessageContentType msg:MessageDescription? msg:OriginatingMessageID " +
		preceding[k] + "msg:IncidentInformation* msg:MessageRecall? msg:ContactInformation+ msg:ResourceInformation+"
	return s
}

func without(words string, gone ...string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(words), func(w string) bool { return slices.Contains(gone, w) }), " ")
}

// validate judges a document by the table.
func validate(document []byte) error {
	root, err := load(document)
	if err != nil {
		return err
	}
	k := kind(strings.TrimPrefix(root.name, "msg:"))
	if !slices.Contains([]kind{kindRequest, kindResponse, kindCommitment, kindRelease}, k) {
		return fmt.Errorf("root %s", root.name)
	}
	return root.validate(schemaOf(k))
}

// node is an element as the validator sees it.
type node struct {
	name string // prefix:Name
	text string
	in   []*node
}

func load(document []byte) (*node, error) {
	d := xml.NewDecoder(strings.NewReader(string(document)))
	stack := []*node{{}}
	for {
		t, err := d.Token()
		if err == io.EOF && len(stack) == 1 && len(stack[0].in) == 1 {
			return stack[0].in[0], nil
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.StartElement:
			prefix, ok := map[string]string{
				"urn:oasis:names:tc:emergency:EDXL:RM:1.0":     "rm:",
				"urn:oasis:names:tc:emergency:EDXL:RM:1.0:msg": "msg:",
				"urn:oasis:names:tc:emergency:EDXL:DE:1.0":     "de:",
			}[t.Name.Space]
			if !ok {
				return nil, fmt.Errorf("namespace %q", t.Name.Space)
			}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" {
					return nil, fmt.Errorf("attribute %s", a.Name.Local)
				}
			}
			n := &node{name: prefix + t.Name.Local}
			top.in, stack = append(top.in, n), append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
}

func (n *node) validate(schema map[string]string) error {
	content, ok := schema[n.name]
	if !ok {
		return fmt.Errorf("%s is not of this message", n.name)
	}
	word, rest, _ := strings.Cut(content, " ")
	if !strings.Contains(word, ":") {
		if len(n.in) > 0 || !fits(word, rest, n.text) {
			return fmt.Errorf("%s: %q is not %s", n.name, n.text, content)
		}
		return nil
	}
	if strings.TrimSpace(n.text) != "" {
		return fmt.Errorf("%s holds text", n.name)
	}
	at := 0
	for part := range strings.FieldsSeq(content) {
		name := strings.TrimRight(part, "?*+")
		count := 0
		for ; at < len(n.in) && n.in[at].name == name && (count == 0 || strings.HasSuffix(part, "*") || strings.HasSuffix(part, "+")); at++ {
			count++
		}
		if count == 0 && !strings.HasSuffix(part, "?") && !strings.HasSuffix(part, "*") {
			return fmt.Errorf("%s: no %s", n.name, name)
		}
	}
	if at < len(n.in) {
		return fmt.Errorf("%s: %s is not expected there", n.name, n.in[at].name)
	}
	for _, child := range n.in {
		if err := child.validate(schema); err != nil {
			return err
		}
	}
	return nil
}

func fits(word, values, text string) bool {
	switch word {
	case "STRING":
		return true
	case "URI":
		return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$`).MatchString(text)
	case "ONEOF":
		return slices.Contains(strings.Fields(values), text)
	case "DATETIME": // without the letter Z, which the standard's text forbids
		return regexp.MustCompile(`^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(\.\d+)?[+-][01]\d:[0-5]\d$`).MatchString(text)
	}
	return false
}

// xml writes a node again, for tests that have changed it.
func (n *node) xml(b *strings.Builder, attributes string) {
	b.WriteString("<" + n.name + attributes + ">")
	if len(n.in) == 0 {
		xml.EscapeText(b, []byte(n.text))
	}
	for _, child := range n.in {
		child.xml(b, "")
	}
	b.WriteString("</" + n.name + ">")
}

func (n *node) document() []byte {
	var b strings.Builder
	n.xml(&b, ` xmlns:rm="urn:oasis:names:tc:emergency:EDXL:RM:1.0" xmlns:msg="urn:oasis:names:tc:emergency:EDXL:RM:1.0:msg"`)
	return []byte(b.String())
}
