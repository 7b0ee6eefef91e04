import { createHash } from 'node:crypto'
import { type Html, html } from './html.ts'
import { LIVE_SCRIPT } from './live-script.ts'
import { avatar, tokenField } from './pieces.ts'
import { STYLE } from './style.ts'
import { type PageAnswer, repositoryPath, type Tab, type Visit } from './visit.ts'

type Page = Extract<PageAnswer, { kind: 'page' }>

const version = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 10)

/** Files that pages load, by path; their names change with their content. */
export const ASSETS: ReadonlyMap<string, { type: string; text: string }> = new Map([
  [`/_pages/style-${version(STYLE)}.css`, { type: 'text/css; charset=utf-8', text: STYLE }],
  [`/_pages/live-${version(LIVE_SCRIPT)}.js`, { type: 'text/javascript; charset=utf-8', text: LIVE_SCRIPT }],
])
const [STYLE_PATH = '', SCRIPT_PATH = ''] = [...ASSETS.keys()]

/** The whole document, and a tag that changes when it shows something else (ages like "1 minute ago" aside). */
export function renderDocument(visit: Visit, page: Page): { text: string; tag: string } {
  const inner = html`${header(visit)}<main>${page.repository && repositoryHead(visit, page)}${page.body}</main>`
  const tag = version(
    inner.text.replace(/<time[^>]*>[^<]*<\/time>/g, (time) => time.slice(0, time.indexOf('>'))),
  )
  const document = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${page.title} · Local GitHub</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="${STYLE_PATH}"><script src="${SCRIPT_PATH}" defer></script></head>
<body data-tag="${tag}">${inner}</body></html>`
  return { text: document.text, tag }
}

function header(visit: Visit): Html {
  const people = visit.context.store.users.all().filter((user) => user.type === 'User')
  const choices = people.map(
    (user) =>
      html`<button name="user" value="${user.id}"${user.id === visit.user.id ? html` aria-current="true"` : null}>${avatar(user)} ${user.login}</button>`,
  )
  return html`<header class="top"><div class="inner">
    <a class="brand" href="/"><span class="mark" aria-hidden="true"></span>Local GitHub</a>
    <span class="hint">a stand-in: nothing here leaves this machine</span>
    <details class="menu" id="you"><summary><span class="you">You are</span> ${avatar(visit.user)} <strong>${visit.user.login}</strong></summary>
      <form method="post" action="/_pages/user">${tokenField(visit)}<input type="hidden" name="back" value="${visit.address}">
        <p class="muted">Be somebody else</p>${choices}</form>
    </details></div></header>`
}

function repositoryHead(visit: Visit, page: Page): Html | null {
  const { repository } = page
  if (!repository) return null
  const { issues, users } = visit.context.store
  const path = repositoryPath(visit.context, repository)
  const open = issues.inRepository(repository.id).filter((issue) => issue.state === 'open')
  const pulls = open.filter((issue) => issue.pull).length
  const tab = (name: Tab, href: string, words: string, count?: number) =>
    html`<a href="${href}"${page.tab === name ? html` aria-current="page"` : null}>${words}${count !== undefined && html` <span class="count">${count}</span>`}</a>`
  return html`<div class="repository-head">
    <p class="name"><a href="/">${users.require(repository.ownerId).login}</a> <span class="muted">/</span> <a href="${path}"><strong>${repository.name}</strong></a>
      <span class="badge">${repository.private ? 'Private' : 'Public'}</span>${repository.archived && html` <span class="badge">Archived</span>`}</p>
    <nav id="tabs" data-live>${tab('code', path, 'Code')}${tab('issues', `${path}/issues`, 'Issues', open.length - pulls)}${tab('pulls', `${path}/pulls`, 'Pull requests', pulls)}</nav>
  </div>`
}
