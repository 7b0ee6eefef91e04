import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LocalGitHubContext } from '../context.ts'
import type { User } from '../store/user.ts'
import { readForm } from './form.ts'
import { html } from './html.ts'
import { ASSETS, renderDocument } from './layout.ts'
import { findRoute, type Route } from './routes.ts'
import { createSessions, type PageSession, type Sessions } from './session.ts'
import { notFoundPage, type PageAnswer, seeOther, type Visit } from './visit.ts'

/** Nothing but this origin's own files; colours of labels are style attributes. */
const POLICY =
  "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const SWITCH_PATH = '/_pages/user'

/**
 * The HTML pages. Answers false, having touched nothing, for paths that are no page. A person is whoever they
 * choose in the header (a signed cookie); what they may do is decided by the same actions as behind REST.
 * Rejects when an action or git breaks; nothing is answered then.
 */
export function createPages(
  context: LocalGitHubContext,
): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  const sessions = createSessions()
  return async (req, res) => {
    const url = new URL(req.url ?? '/', 'http://pages')
    const asset = ASSETS.get(url.pathname)
    const found = findRoute(req.method ?? 'GET', url.pathname)
    if (!asset && !found && url.pathname !== SWITCH_PATH) return false
    if (!isOurHost(context, req.headers.host))
      return sendText(req, res, 421, 'This server is only known by its own address.')
    if (asset) return sendAsset(res, asset)
    const me = enter(context, sessions, req)
    if (me === null) return sendText(req, res, 404, 'There is nobody here yet.')
    if (me.cookie !== null) res.setHeader('set-cookie', me.cookie)
    const visit = visitOf(context, me, url)
    if (req.method !== 'POST') return send(req, res, visit, await arrive(visit, found))
    const refused = await admitForm(req, visit, me, sessions)
    if (refused !== null) return send(req, res, visit, refused)
    if (url.pathname === SWITCH_PATH) return send(req, res, visit, become(context, sessions, res, visit))
    return send(req, res, visit, await arrive(visit, found))
  }
}

interface Entrance {
  user: User
  session: PageSession
  /** Set when this visit begins a session; a form cannot come with it. */
  cookie: string | null
}

/** Who it is; at a first visit somebody who may do everything, so that there is something to see and do. */
function enter(context: LocalGitHubContext, sessions: Sessions, req: IncomingMessage): Entrance | null {
  const session = sessions.read(req.headers.cookie)
  const user = session ? context.store.users.byId(session.userId) : undefined
  if (session && user) return { user, session, cookie: null }
  const first = firstPerson(context)
  if (!first) return null
  return { user: first, ...sessions.open(first.id) }
}

function firstPerson(context: LocalGitHubContext): User | undefined {
  const people = context.store.users.all().filter((user) => user.type === 'User')
  const repositories = context.store.repositories.all()
  const admin = people.find((user) =>
    repositories.some((repository) => repository.roles.get(user.id) === 'admin'),
  )
  return admin ?? people[0]
}

function visitOf(context: LocalGitHubContext, me: Entrance, url: URL): Visit {
  return {
    context,
    user: me.user,
    actor: { kind: 'user', user: me.user },
    formToken: me.session.formToken,
    address: url.pathname + url.search,
    query: url.searchParams,
    form: new URLSearchParams(),
    params: {},
  }
}

async function arrive(
  visit: Visit,
  found: { route: Route | null; params: Record<string, string> } | null,
): Promise<PageAnswer> {
  if (!found) return notFoundPage('There is nothing at this address.')
  if (!found.route) return notFoundPage('This address takes another kind of request.')
  visit.params = found.params
  return found.route.handler(visit)
}

/** Takes the form in if it was written on one of our pages; else the page that says why not. */
async function admitForm(
  req: IncomingMessage,
  visit: Visit,
  me: Entrance,
  sessions: Sessions,
): Promise<PageAnswer | null> {
  const form = await readForm(req)
  if (form === null) return formRefusal(413, 'The form is too large or is no form.')
  const origin = req.headers.origin
  const foreign = origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === req.headers.host)
  if (foreign || me.cookie !== null || !sessions.isFormToken(me.session, form.get('form_token') ?? '')) {
    return formRefusal(
      403,
      'This form did not come from a page of yours, or you have become somebody else since.',
    )
  }
  visit.form = form
  return null
}

function formRefusal(status: number, sentence: string): PageAnswer {
  const body = html`<section class="notice"><h1>Refused</h1><p>${sentence}</p><p class="muted">Nothing was changed. Load the page again and repeat.</p></section>`
  return { kind: 'page', status, title: 'Refused', body }
}

function become(
  context: LocalGitHubContext,
  sessions: Sessions,
  res: ServerResponse,
  visit: Visit,
): PageAnswer {
  const user = context.store.users.byId(Number(visit.form.get('user')))
  if (user?.type !== 'User') return notFoundPage('There is no such person.')
  res.setHeader('set-cookie', sessions.open(user.id).cookie)
  const back = visit.form.get('back') ?? '/'
  return seeOther(/^\/(?![/\\])/.test(back) ? back : '/')
}

/** Names that a foreign page cannot make a browser use for this server (DNS rebinding). */
function isOurHost(context: LocalGitHubContext, host: string | undefined): boolean {
  if (host === undefined) return false
  const name = host.replace(/:\d+$/, '')
  return ['127.0.0.1', 'localhost', '[::1]'].includes(name) || host === new URL(context.addresses.url).host
}

function send(req: IncomingMessage, res: ServerResponse, visit: Visit, answer: PageAnswer): true {
  if (answer.kind === 'redirect') {
    res.writeHead(answer.status, { location: answer.location }).end()
    return true
  }
  const { text, tag } = renderDocument(visit, answer)
  const unchanged = answer.status === 200 && req.headers['if-none-match'] === tag
  res.writeHead(unchanged ? 304 : answer.status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
  })
  res.end(unchanged || req.method === 'HEAD' ? undefined : text)
  return true
}

function sendAsset(res: ServerResponse, asset: { type: string; text: string }): true {
  res.writeHead(200, {
    'content-type': asset.type,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  })
  res.end(asset.text)
  return true
}

function sendText(req: IncomingMessage, res: ServerResponse, status: number, sentence: string): true {
  req.resume()
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`)
  return true
}
