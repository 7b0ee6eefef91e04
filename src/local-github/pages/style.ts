/** The whole style of the pages: calm, one accent, light and dark by the system's choice. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --surface: #ffffff; --sunken: #f3f4f7; --line: #dfe2e8; --ink: #1d2129; --soft: #646c7a;
  --accent: #3157d5; --accent-ink: #ffffff; --open: #1a7f4b; --merged: #7a4fd0; --refused: #c4384b; --draft: #6b7280;
  --added: #e3f6ea; --removed: #fdebed; --hunk: #eef2fb; --shadow: 0 1px 2px rgb(20 25 40 / 6%);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1217; --surface: #161a21; --sunken: #1c212a; --line: #2a313c; --ink: #e4e7ec; --soft: #95a0b0;
    --accent: #7f9dff; --accent-ink: #0d1222; --open: #46c281; --merged: #ad8bf5; --refused: #f07583; --draft: #95a0b0;
    --added: #12301f; --removed: #3a1a20; --hunk: #1a2233; --shadow: none;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1 { font-size: 1.55rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: .95rem; font-weight: 650; margin: 0 0 .6rem; }
p { margin: 0; }
code, pre, .mono { font-family: var(--mono); font-size: .86em; }
.muted { color: var(--soft); } .small { font-size: .85rem; } .number { font-weight: 400; }
.grow { flex: 1; min-width: 0; overflow-wrap: anywhere; } .push { margin-left: auto; }
.stack { display: flex; flex-direction: column; gap: 1rem; } .pad { padding: 1rem; } .line { display: flex; gap: .6rem; flex-wrap: wrap; }
.stack:empty, .end:empty { display: none; }
.end { display: flex; justify-content: flex-end; gap: .6rem; flex-wrap: wrap; }
.lead { font-size: 1.05rem; color: var(--soft); margin-bottom: 1rem; }

.top { background: var(--surface); border-bottom: 1px solid var(--line); }
.top .inner { max-width: 1120px; margin: 0 auto; padding: .7rem 1.25rem; display: flex; align-items: center; gap: .9rem; }
.brand { display: flex; align-items: center; gap: .55rem; font-weight: 650; color: var(--ink); }
.brand:hover { text-decoration: none; }
.mark { width: 1.25rem; height: 1.25rem; border-radius: 50%; border: .33rem solid var(--accent); border-right-color: transparent; transform: rotate(45deg); }
.hint { color: var(--soft); font-size: .85rem; }
.menu { margin-left: auto; position: relative; }
.menu summary { list-style: none; cursor: pointer; display: flex; align-items: center; gap: .4rem; padding: .3rem .6rem; border: 1px solid var(--line); border-radius: 999px; }
.menu summary::-webkit-details-marker { display: none; }
.menu summary::after { content: ''; border: .28rem solid transparent; border-top-color: var(--soft); margin-top: .28rem; }
.menu .you { color: var(--soft); }
.menu form { position: absolute; right: 0; top: calc(100% + .4rem); z-index: 2; min-width: 13rem; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: .4rem; box-shadow: 0 8px 24px rgb(0 0 0 / 14%); }
.menu form p { padding: .3rem .6rem; font-size: .8rem; }
.menu button { display: flex; align-items: center; gap: .55rem; width: 100%; padding: .45rem .6rem; border: 0; border-radius: 7px; background: none; color: inherit; font: inherit; cursor: pointer; text-align: left; }
.menu button:hover { background: var(--sunken); }
.menu button[aria-current] { font-weight: 650; }

main { max-width: 1120px; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
main > h1 { margin-bottom: 1rem; }
.repository-head { margin-bottom: 1.5rem; }
.repository-head .name { font-size: 1.15rem; margin-bottom: .7rem; }
nav { display: flex; gap: .3rem; border-bottom: 1px solid var(--line); overflow-x: auto; }
nav a { padding: .5rem .8rem; color: var(--soft); border-bottom: 2px solid transparent; margin-bottom: -1px; white-space: nowrap; }
nav a:hover { color: var(--ink); text-decoration: none; }
nav a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
.count { background: var(--sunken); border: 1px solid var(--line); border-radius: 999px; padding: 0 .45rem; font-size: .75rem; font-weight: 500; color: var(--soft); }
.badge { border: 1px solid var(--line); border-radius: 999px; padding: .05rem .5rem; font-size: .75rem; font-weight: 500; color: var(--soft); white-space: nowrap; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 17rem; gap: 2rem; align-items: start; margin-bottom: 2rem; }
aside { display: flex; flex-direction: column; gap: 1.4rem; }
aside section + section { border-top: 1px solid var(--line); padding-top: 1.2rem; }
aside .labels { margin-top: .6rem; }

.box, .list { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); }
.box-head { display: flex; align-items: center; gap: .6rem; padding: .6rem 1rem; background: var(--sunken); border-bottom: 1px solid var(--line); border-radius: 9px 9px 0 0; font-size: .9rem; }
.list { list-style: none; margin: 0; padding: 0; }
.list.inner { border: 0; box-shadow: none; }
.row { display: flex; gap: .8rem; align-items: flex-start; padding: .85rem 1rem; }
.row + .row { border-top: 1px solid var(--line); }
.row.file, .row.slim { padding: .45rem 1rem; align-items: center; }
.row .title { font-weight: 600; color: var(--ink); overflow-wrap: anywhere; }
.row .title:hover { color: var(--accent); }
.row .labels { margin-top: .45rem; }
.row > .icon { margin-top: .25rem; } .row.file > .icon { margin: 0; }
.empty { padding: 1.6rem 1rem; text-align: center; color: var(--soft); }
.plain { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: .5rem; }
.commits { gap: .8rem; } .commits a { color: var(--ink); overflow-wrap: anywhere; }
.filter { gap: 1rem; } .filter a { color: var(--soft); } .filter a[aria-current] { color: var(--ink); font-weight: 600; }
.crumbs { margin-bottom: .8rem; overflow-wrap: anywhere; }
.readme { margin-top: 1.2rem; }
.branch { font-family: var(--mono); font-size: .82rem; background: color-mix(in srgb, var(--accent) 11%, transparent); color: var(--accent); padding: .1rem .45rem; border-radius: 6px; overflow-wrap: anywhere; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.clone { display: block; padding: .5rem .6rem; background: var(--sunken); border: 1px solid var(--line); border-radius: 7px; overflow-wrap: anywhere; }

.icon { flex: none; color: var(--soft); } .icon.open { color: var(--open); } .icon.merged { color: var(--merged); } .icon.refused { color: var(--refused); } .icon.tree { color: color-mix(in srgb, var(--accent) 70%, var(--soft)); }
.avatar { display: inline-grid; place-items: center; width: 1.5rem; height: 1.5rem; flex: none; border-radius: 50%; background: hsl(var(--hue) 45% 46%); color: #fff; font-size: .72rem; font-weight: 650; vertical-align: middle; }
.avatar.square { border-radius: 6px; }
.state { display: inline-flex; align-items: center; gap: .35rem; padding: .2rem .7rem .2rem .55rem; border-radius: 999px; color: #fff; font-size: .85rem; font-weight: 600; background: var(--draft); }
.state .icon { color: inherit; }
.state.open { background: var(--open); } .state.merged { background: var(--merged); } .state.refused { background: var(--refused); }
@media (prefers-color-scheme: dark) { .state { color: #0f1217; } }
.labels { display: flex; flex-wrap: wrap; gap: .35rem; }
.label { display: inline-block; padding: .05rem .6rem; border-radius: 999px; font: inherit; font-size: .78rem; font-weight: 550; line-height: 1.6; border: 1px solid color-mix(in srgb, var(--label) 55%, var(--line)); background: color-mix(in srgb, var(--label) 24%, var(--surface)); color: color-mix(in srgb, var(--label) 30%, var(--ink)); overflow-wrap: anywhere; text-align: left; }
.toggle { cursor: pointer; }
.toggle[aria-pressed=false] { background: transparent; border-style: dashed; border-color: var(--line); color: var(--soft); font-weight: 450; }
.toggle[aria-pressed=false]::before { content: '+ '; } .toggle[aria-pressed=true]::before { content: '✓ '; }
.toggle:hover { border-color: var(--label); border-style: solid; color: var(--ink); }

.button { display: inline-block; padding: .4rem .9rem; border: 1px solid var(--line); border-radius: 8px; background: var(--surface); color: var(--ink); font: inherit; font-size: .9rem; font-weight: 550; cursor: pointer; }
.button:hover { background: var(--sunken); text-decoration: none; }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
.button.primary:hover { filter: brightness(1.07); }
summary.button { list-style: none; } summary.button::-webkit-details-marker { display: none; }
.new { margin-bottom: 1rem; } .new > summary { display: block; width: max-content; margin-left: auto; } .new form { margin-top: .8rem; }
input:not([type]), textarea, select { width: 100%; padding: .5rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: var(--ground); color: var(--ink); font: inherit; }
textarea { resize: vertical; } textarea.mono { font-family: var(--mono); font-size: .86rem; } select { width: auto; }
label { display: flex; flex-direction: column; gap: .3rem; font-weight: 550; font-size: .9rem; } label > * { font-weight: 400; }

.headline { display: flex; flex-wrap: wrap; align-items: flex-start; justify-content: space-between; gap: .8rem; }
.headline h1 { flex: 1; min-width: 60%; }
.headline .edit[open] { flex-basis: 100%; } .headline .edit[open] > summary { display: block; width: max-content; margin: 0 0 .6rem auto; }
.subline { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; margin: .6rem 0 1.4rem; padding-bottom: 1.1rem; border-bottom: 1px solid var(--line); }
.comment > .edit { padding: 0 1rem .6rem; } .comment > .edit > summary { cursor: pointer; list-style: none; width: max-content; margin-left: auto; } .comment > .edit .pad { padding: .6rem 0 .4rem; }
.reactions { display: flex; gap: .4rem; padding: 0 1rem .8rem; } .reaction { border: 1px solid var(--line); border-radius: 999px; padding: 0 .55rem; font-size: .85rem; }
.comment:target { border-color: var(--accent); }
.merge { border-left: 4px solid var(--draft); } .merge.open { border-left-color: var(--open); } .merge.merged { border-left-color: var(--merged); } .merge.refused { border-left-color: var(--refused); }
.merge p { margin-bottom: .7rem; }
.notice { max-width: 40rem; margin: 2rem auto; padding: 2rem; background: var(--surface); border: 1px solid var(--line); border-radius: 12px; display: flex; flex-direction: column; gap: .9rem; align-items: flex-start; }
.notice pre { width: 100%; }

.prose { padding: 1rem; overflow-wrap: anywhere; }
.prose > :first-child { margin-top: 0; } .prose > :last-child { margin-bottom: 0; }
.prose p, .prose ul, .prose ol, .prose pre, .prose blockquote, .prose .table, .prose details { margin: 0 0 .85rem; }
.prose h1, .prose h2, .prose h3, .prose h4 { margin: 1.3rem 0 .6rem; line-height: 1.3; font-weight: 650; }
.prose h1 { font-size: 1.4rem; } .prose h2 { font-size: 1.18rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); } .prose h3 { font-size: 1.03rem; } .prose h4 { font-size: .95rem; }
.prose ul, .prose ol { padding-left: 1.6rem; } .prose li > ul, .prose li > ol { margin-bottom: 0; } .prose .task { list-style: none; margin-left: -1.4rem; }
.prose code { background: var(--sunken); padding: .12em .38em; border-radius: 5px; }
pre { background: var(--sunken); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; margin: 0; } pre code { font-size: inherit; } .prose pre code { background: none; padding: 0; }
.prose blockquote { margin-left: 0; padding: .1rem 0 .1rem 1rem; border-left: 3px solid var(--line); color: var(--soft); } .prose blockquote > :last-child { margin: 0; }
.prose hr { border: 0; border-top: 1px solid var(--line); margin: 1.2rem 0; }
.prose .table { overflow-x: auto; } .prose table { border-collapse: collapse; font-size: .92em; } .prose th, .prose td { border: 1px solid var(--line); padding: .35rem .75rem; text-align: left; } .prose th { background: var(--sunken); font-weight: 600; }
.prose details { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .8rem; } .prose details > summary { cursor: pointer; font-weight: 550; } .prose details[open] > summary { margin-bottom: .6rem; } .prose details > :last-child { margin-bottom: 0; }
.message { margin: .6rem 0; white-space: pre-wrap; } .commit { margin-bottom: 1.2rem; display: flex; flex-direction: column; gap: .5rem; }

.diff { margin-top: .9rem; overflow: hidden; } .diff > summary { cursor: pointer; border-radius: 0; } .diff:not([open]) > summary { border-bottom: 0; }
.scroll { overflow-x: auto; }
.source { border-collapse: collapse; width: 100%; font-family: var(--mono); font-size: .8rem; line-height: 1.5; }
.source td { padding: 0 .8rem; vertical-align: top; } .source .number { width: 1%; min-width: 2.6rem; text-align: right; color: var(--soft); user-select: none; padding: 0 .5rem; }
.source .code { white-space: pre; tab-size: 4; }
.source .added { background: var(--added); } .source .removed { background: var(--removed); } .source .hunk { background: var(--hunk); color: var(--soft); }
.plus { color: var(--open); } .minus { color: var(--refused); }

@media (max-width: 760px) {
  .hint, .menu .you { display: none; }
  .columns { grid-template-columns: minmax(0, 1fr); gap: 1.2rem; }
  #sidebar { order: -1; }
  main { padding: 1rem .9rem 3rem; }
  h1 { font-size: 1.3rem; }
}
`
