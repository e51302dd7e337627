"""How the page of a preview looks: wide and narrow, light and dark, on paper."""

from typing import Final

STYLE: Final = """\
:root {
  color-scheme: light dark;
  --page: #f3f4f6; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d5d9de; --accent: #0b5cad;
  --code: #f6f7f9; --note: #fff4d6; --note-line: #d9a400;
  --high: #b42318; --medium: #9a4a00; --low: #6a5a00; --informational: #41596f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1d2125; --text: #e6e9ec; --soft: #a3adb7; --line: #353c43; --accent: #7db8f5;
    --code: #15181b; --note: #332b12; --note-line: #a98200;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif;
}
.page { max-width: 76rem; margin: 0 auto; padding: 1rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h1 { font-size: 1.1rem; }
h2 { font-size: 1.35rem; }
h3 { font-size: 1.1rem; }
h4 { font-size: .95rem; color: var(--soft); margin: 1.1rem 0 .4rem; }
p { margin: .4rem 0; max-width: 75ch; overflow-wrap: anywhere; }
.top { padding: .25rem 0 1rem; color: var(--soft); }
.top h1 { color: var(--text); }
.top p { max-width: none; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1.1rem 1.25rem; margin: 0 0 1rem;
}
.incident { border-top: 5px solid var(--line); }
.incident.High { border-top-color: var(--high); } .incident.Medium { border-top-color: var(--medium); }
.incident.Low { border-top-color: var(--low); } .incident.Informational { border-top-color: var(--informational); }
.kicker { color: var(--soft); font-size: .85rem; margin: 0 0 .35rem; display: flex; gap: .6rem; align-items: center;
  flex-wrap: wrap; }
.severity {
  color: #fff; background: var(--informational); border-radius: 4px; padding: .05rem .55rem; font-weight: 600;
}
.severity.High { background: var(--high); } .severity.Medium { background: var(--medium); }
.severity.Low { background: var(--low); }
dl {
  margin: .8rem 0 0; display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: .2rem 1rem;
}
dl.wide { grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .8rem 1.25rem; }
dt { color: var(--soft); }
dl.wide dt { font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
dd > p:first-child { margin-top: 0; }
ul { margin: .3rem 0; padding-left: 1.2rem; }
li { margin: .25rem 0; overflow-wrap: anywhere; }
ul.plain { list-style: none; padding: 0; margin: 0; }
ul.plain > li { margin: 0; }
.alert { border-top: 1px solid var(--line); margin-top: 1.2rem; padding-top: 1rem; }
.groups { display: grid; gap: .75rem; }
.groups .type { color: var(--soft); font-size: .85rem; margin: 0 0 .25rem; }
.entities { display: flex; flex-wrap: wrap; gap: .5rem; align-items: flex-start; }
.entity { border: 1px solid var(--line); border-radius: 6px; padding: .35rem .75rem; max-width: 100%; }
.entity .name { font-weight: 600; overflow-wrap: anywhere; }
.entity dl { font-size: .85rem; margin-top: .25rem; grid-template-columns: minmax(5rem, max-content) minmax(0, 1fr); }
.guide { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 1.5rem; }
.scroll { margin-top: .8rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding: .4rem .6rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
.events td { min-width: 11rem; max-width: 26rem; overflow-wrap: anywhere; }
.nowrap { white-space: nowrap; }
details > summary { cursor: pointer; overflow-wrap: anywhere; }
details.section > summary { color: var(--accent); margin-top: .9rem; }
pre {
  margin: .5rem 0 0; padding: .7rem .9rem; background: var(--code); border: 1px solid var(--line); border-radius: 6px;
  overflow-x: auto; font: 13px/1.5 Consolas, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; tab-size: 2;
}
details.long > pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.notes { background: var(--note); border-left: 4px solid var(--note-line); padding: .5rem .9rem; margin-top: 1rem; }
.soft { color: var(--soft); }
@media (max-width: 40rem) {
  .page { padding: .6rem; }
  .card { padding: .9rem; }
  h2 { font-size: 1.2rem; }
  dl:not(.wide), .entity dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dl.wide { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  dl:not(.wide) dt { margin-top: .4rem; font-size: .85rem; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --soft: #444; --line: #bbb; --accent: #000; --code: #fff; --note: #fff;
  }
  body { font-size: 10.5pt; }
  .page { max-width: none; padding: 0; }
  .card { border-radius: 0; padding: .6rem 0; border-width: 1px 0 0; }
  .entity, li, tr, dl > div { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .scroll, pre { overflow: visible; white-space: pre-wrap; overflow-wrap: anywhere; }
  .severity { border: 1px solid #000; background: #fff !important; color: #000; }
  details:not(.screen)::details-content { content-visibility: visible; height: auto; display: block; }
  details.screen, .events pre { display: none; }
  .skip { display: none; }
  .events td, .events th {
    min-width: 0; white-space: normal; overflow-wrap: anywhere; font-size: 8pt; padding: .15rem;
  }
}
"""
