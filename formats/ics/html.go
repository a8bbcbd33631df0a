package ics

import (
	"bytes"
	"fmt"
	"html/template"
)

// HTML returns a form as one HTML page without scripts or anything from
// elsewhere, made for printing on US Letter paper: ICS 214 upright, ICS 205
// across. The head of each table and, in an exercise, the banner are repeated
// on every page. Page numbers need a browser that knows margin boxes (CSS Paged
// Media); others print without them.
func HTML(f Form, l Layout) ([]byte, error) {
	s, _, err := fill(f, l)
	if err != nil {
		return nil, err
	}
	t, err := template.New("form").Funcs(template.FuncMap{"visible": visible}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("page template: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, s.view()); err != nil {
		return nil, fmt.Errorf("page template: %w", err)
	}
	return out.Bytes(), nil
}

// view is a sheet as the template sees it.
type view struct {
	Number, Title, Incident, Banner string
	Warning, Note                   string
	Wide, Plan                      bool
	Boxes                           []boxView
	Foot                            []fieldView
}

type boxView struct {
	Number  int
	Title   string
	Fields  []fieldView
	IsTable bool
	Columns []string
	Rows    [][]string
	Text    string
}

type fieldView struct {
	Label, Value string
}

func (s sheet) view() view {
	v := view{Number: s.number, Title: s.title, Incident: s.incident, Wide: s.wide, Plan: s.plan, Foot: fieldViews(s.foot), Warning: s.warning, Note: s.note}
	if s.exercise {
		v.Banner = banner
	}
	for _, b := range s.boxes {
		w := boxView{Number: b.number, Title: b.title, Fields: fieldViews(b.fields), IsTable: b.table != nil, Text: b.text}
		if b.table != nil {
			w.Rows = b.table.rows
			for _, c := range b.table.columns {
				w.Columns = append(w.Columns, c.title)
			}
		}
		v.Boxes = append(v.Boxes, w)
	}
	return v
}

func fieldViews(fields []field) []fieldView {
	list := make([]fieldView, 0, len(fields))
	for _, f := range fields {
		list = append(list, fieldView{f.label, f.value})
	}
	return list
}

// page is laid out in a table so that browsers repeat its head and foot, with
// the banner, on every printed page.
const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{if .Banner}}{{.Banner}}: {{end}}{{.Number}} {{visible .Incident}}</title>
<style>
@page {
  size: letter{{if .Wide}} landscape{{end}}; margin: 0.5in;
  {{- if .Banner}}
  @top-center { content: "EXERCISE - EXERCISE - EXERCISE"; color: #b00; font: bold 12pt sans-serif; }
  {{- end}}
  @bottom-right { content: "{{.Number}}, Page " counter(page) " of " counter(pages); font: 9pt sans-serif; }
}
body { font: 10pt/1.3 sans-serif; color: #000; background: #fff; margin: 0 auto; max-width: {{if .Wide}}10in{{else}}7.5in{{end}}; }
h1 { font-size: 13pt; margin: 0.05in 0; }
h2 { font-size: 10pt; margin: 0; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
section { border: 1px solid #000; border-top: 0; padding: 0.04in 0.06in; }
section:first-child { border-top: 1px solid #000; }
section p, td, dd { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
p, dl { margin: 0.02in 0; }
dt, dd { display: inline; margin: 0; }
dt { font-weight: bold; }
.rows th, .rows td { border: 1px solid #000; padding: 0.02in 0.04in; text-align: left; vertical-align: top; }
.rows tr { break-inside: avoid; }
.layout > * > tr > td, .layout > * > tr > th { padding: 0; white-space: normal; font-weight: normal; text-align: left; }
.exercise { border: 3px double #b00; color: #b00; font: bold 14pt sans-serif; text-align: center; margin: 0.05in 0; }
footer { font-size: 9pt; }
.warning { border: 3px solid #b00; color: #b00; font: bold 11pt sans-serif; margin: 0.05in 0; }
.warning, .note { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.note { font-size: 9pt; }
</style>
</head>
<body>
<table class="layout">
<thead><tr><th>{{template "banner" .}}<h1>{{.Title}} ({{.Number}})</h1></th></tr></thead>
<tfoot><tr><td><footer>{{.Number}}{{if .Plan}} <b>IAP Page:</b> ____{{end}}{{range .Foot}} <b>{{.Label}}:</b> {{.Value}}{{end}}</footer>{{if .Note}}<div class="note">{{visible .Note}}</div>{{end}}{{template "banner" .}}</td></tr></tfoot>
<tbody><tr><td>
{{- range .Boxes}}
<section>
<h2>{{.Number}}. {{.Title}}:</h2>
{{- if .IsTable}}
{{- if .Rows}}
<table class="rows">
<thead><tr>{{range .Columns}}<th>{{.}}</th>{{end}}</tr></thead>
<tbody>
{{- range .Rows}}
<tr>{{range .}}<td>{{visible .}}</td>{{end}}</tr>
{{- end}}
</tbody>
</table>
{{- else}}
<p>(none)</p>
{{- end}}
{{- else if .Fields}}
{{- range .Fields}}
<dl><dt>{{.Label}}:</dt> <dd>{{visible .Value}}</dd></dl>
{{- end}}
{{- else}}
<p>{{visible .Text}}</p>
{{- end}}
</section>
{{- end}}
</td></tr></tbody>
</table>
</body>
</html>
{{define "banner"}}{{if .Banner}}<div class="exercise">{{.Banner}}</div>{{end}}{{if .Warning}}<div class="warning">{{visible .Warning}}</div>{{end}}{{end}}`
