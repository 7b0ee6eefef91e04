import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addComment } from '../../src/local-github/actions/comments.ts'
import { createLabel } from '../../src/local-github/actions/labels.ts'
import type { User } from '../../src/local-github/store/user.ts'
import { type PagesWorld, startPagesWorld, value } from './pages-world.ts'

const EVIL = `"><script>alert(1)</script><img src=x onerror='x'>`
const HOME = '/maintainer/greeter'
let world: PagesWorld

beforeAll(async () => {
  world = await startPagesWorld({
    'README.md': `# Greeter\n\nSays **hello** ${EVIL}\n`,
    'src/greet.js': 'export const greet = () => "<b>"\n',
    'src/<script>alert(1)</script>.txt': 'x\n',
  })
})
afterAll(() => world.close())

/** A browser without scripts: keeps its cookie and sends the token of the page it is on. */
class Browser {
  cookie = ''
  token = ''

  async get(path: string, headers: Record<string, string> = {}): Promise<Response & { page: string }> {
    const response = await fetch(world.url + path, {
      redirect: 'manual',
      headers: { cookie: this.cookie, ...headers },
    })
    return this.#remember(response)
  }

  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams({ form_token: this.token, ...fields })
    const response = await fetch(world.url + path, {
      method: 'POST',
      redirect: 'manual',
      body,
      headers: { cookie: this.cookie, ...headers },
    })
    return this.#remember(response)
  }

  async become(user: User): Promise<this> {
    await this.get('/')
    await this.post('/_pages/user', { user: String(user.id), back: '/' })
    await this.get('/')
    return this
  }

  async #remember(response: Response): Promise<Response & { page: string }> {
    const page = await response.text()
    this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie
    this.token = /name="form_token" value="([^"]+)"/.exec(page)?.[1] ?? this.token
    return Object.assign(response, { page })
  }
}

const maintainer = () => new Browser().become(world.maintainer)
const outsider = () => new Browser().become(world.outsider)
const lastEvent = () => world.events.at(-1)

describe('looking', () => {
  test('every page of a repository is found at GitHub’s address', async () => {
    const issue = await world.issue('Look at me', 'With **text**')
    const pull = await world.pull('look/at-me', { 'src/greet.js': 'changed\n' })
    const browser = await maintainer()
    const tip = await world.context.git.branch('maintainer/greeter', 'look/at-me')
    const pages: [string, string][] = [
      ['/', 'maintainer/greeter'],
      [HOME, 'Says <strong>hello</strong>'],
      [`${HOME}/tree/main/src`, 'greet.js'],
      [`${HOME}/tree/look/at-me/src`, 'greet.js'],
      [`${HOME}/blob/look/at-me/src/greet.js`, 'changed'],
      [`${HOME}/issues`, 'Look at me'],
      [`${HOME}/issues?state=closed`, 'Nothing here'],
      [`${HOME}/issues/${issue.number}`, '<strong>text</strong>'],
      [`${HOME}/pulls`, 'Pull of look/at-me'],
      [`${HOME}/pull/${pull.number}`, 'Merge pull request'],
      [`${HOME}/commit/${tip}`, 'Work on look/at-me'],
      [
        `${HOME}/new/main?filename=.github/workflows/x.yml&value=on:%20push`,
        'value=".github/workflows/x.yml"',
      ],
    ]
    for (const [path, expected] of pages) {
      const answer = await browser.get(path)
      expect(answer.status, path).toBe(200)
      expect(answer.page, path).toContain(expected)
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    }
  })

  test('what is not there is a 404 page, and foreign paths are left alone', async () => {
    const browser = await maintainer()
    for (const path of [
      '/nobody/nothing',
      `${HOME}/issues/9999`,
      `${HOME}/blob/main/nope`,
      `${HOME}/commit/1234567`,
      `${HOME}/tree/nope`,
      `${HOME}/blob/main/..%2f..%2fetc`,
      `${HOME}/blob/-x/y`,
    ]) {
      expect((await browser.get(path)).status, path).toBe(404)
    }
    for (const path of [
      '/maintainer',
      `${HOME}.git/info/refs`,
      `${HOME}/actions`,
      '/api/v3/repos/a/b/c/d/e',
    ]) {
      expect((await browser.get(path)).status, path).toBe(418)
    }
    expect((await browser.get(`${HOME}/issues/%E0%A4%A`)).status).toBe(404)
  })

  test('an issue’s number leads to the pull request it is, and back', async () => {
    const issue = await world.issue('Plain')
    const pull = await world.pull('leads/on', { a: '1' })
    const browser = await maintainer()
    const there = await browser.get(`${HOME}/issues/${pull.number}`)
    expect([there.status, there.headers.get('location')]).toEqual([302, `${HOME}/pull/${pull.number}`])
    const back = await browser.get(`${HOME}/pull/${issue.number}`)
    expect(back.headers.get('location')).toBe(`${HOME}/issues/${issue.number}`)
  })

  test('a private repository is not there for an outsider', async () => {
    world.repository.private = true
    try {
      expect((await (await outsider()).get(HOME)).status).toBe(404)
      expect((await (await outsider()).get('/')).page).toContain('No repository that you may see')
      expect((await (await maintainer()).get(HOME)).status).toBe(200)
    } finally {
      world.repository.private = false
    }
  })

  test('a page that shows the same answers 304 to its tag, one that changed does not', async () => {
    const issue = await world.issue('Watched')
    const browser = await maintainer()
    const path = `${HOME}/issues/${issue.number}`
    const tag = /data-tag="([^"]+)"/.exec((await browser.get(path)).page)?.[1] ?? ''
    expect((await browser.get(path, { 'if-none-match': tag })).status).toBe(304)
    value(await addComment(world.context, world.as(world.outsider), issue, 'News'))
    expect((await browser.get(path, { 'if-none-match': tag })).status).toBe(200)
  })
})

describe('escaping', () => {
  test('titles, bodies, comments, labels, branches, files and diffs are text', async () => {
    const issue = await world.issue(`Title ${EVIL}`, `Body ${EVIL}`)
    value(
      await addComment(
        world.context,
        world.as(world.outsider),
        issue,
        `Comment ${EVIL}\n\n[x](javascript:alert(1))`,
      ),
    )
    value(
      createLabel(world.context, world.as(world.maintainer), world.repository, { name: EVIL.slice(0, 50) }),
    )
    world.repository.description = EVIL
    const pull = await world.pull('evil/"onload="x"', { [`dir/${EVIL}`]: `${EVIL}\n` }, EVIL)
    const tip = await world.context.git.branch('maintainer/greeter', 'evil/"onload="x"')
    const browser = await maintainer()
    for (const path of [
      '/',
      HOME,
      `${HOME}/tree/main/src`,
      `${HOME}/issues`,
      `${HOME}/issues/${issue.number}`,
      `${HOME}/pulls`,
      `${HOME}/pull/${pull.number}`,
      `${HOME}/commit/${tip}`,
      `${HOME}/tree/${encodeURIComponent('evil/"onload="x"')}/dir`,
      `${HOME}/issues?title=${encodeURIComponent(EVIL)}&body=${encodeURIComponent(`</textarea>${EVIL}`)}`,
    ]) {
      const { page, status } = await browser.get(path)
      expect(status, path).toBe(200)
      expect(page.replace(/<script src="\/_pages\/live-[\w-]+\.js" defer><\/script>/, ''), path).not.toMatch(
        /<script|<img|<[a-z]+[^>"]* on\w+=/,
      )
      expect(page, path).not.toContain('href="javascript:')
    }
  })

  test('a colour that is none never reaches a style', async () => {
    const label = value(
      createLabel(world.context, world.as(world.maintainer), world.repository, { name: 'odd' }),
    )
    label.color = 'red;background:url(//x)'
    expect((await (await maintainer()).get(`${HOME}/issues`)).page).not.toContain('url(')
  })
})

describe('acting', () => {
  test('a label’s button adds it and takes it off, with the webhooks of the API', async () => {
    const issue = await world.issue('Process me')
    const browser = await maintainer()
    const path = `${HOME}/issues/${issue.number}`
    const added = await browser.post(`${path}/labels`, { name: 'process', do: 'add' })
    expect([added.status, added.headers.get('location')]).toEqual([303, path])
    expect(lastEvent()).toMatchObject({
      event: 'issues',
      action: 'labeled',
      sender: world.maintainer,
      payload: { label: { name: 'process' }, issue: { number: issue.number } },
    })
    expect((await browser.get(path)).page).toMatch(/value="remove" aria-pressed="true"[^>]*>process</)
    await browser.post(`${path}/labels`, { name: 'process', do: 'remove' })
    expect(lastEvent()).toMatchObject({ action: 'unlabeled' })
    expect(issue.labelIds).toEqual([])
  })

  test('an outsider opens an issue and comments, but may not label, edit, close or merge', async () => {
    const issue = await world.issue('Not yours')
    const pull = await world.pull('not/yours', { z: '1' })
    const browser = await outsider()
    const before = world.events.length
    const path = `${HOME}/issues/${issue.number}`
    const attempts = [
      browser.post(`${path}/labels`, { name: 'process', do: 'add' }),
      browser.post(path, { title: 'Mine', body: '' }),
      browser.post(`${path}/state`, { do: 'completed' }),
      browser.post(`${HOME}/pull/${pull.number}/merge`, { method: 'merge', sha: '' }),
      browser.post(`${HOME}/new/main`, { filename: 'x', value: 'y' }),
    ]
    for (const answer of await Promise.all(attempts)) {
      expect([403, 404]).toContain(answer.status)
      expect(answer.page).toContain('Nothing was changed')
    }
    expect(world.events).toHaveLength(before)
    const opened = await browser.post(`${HOME}/issues`, { title: 'From outside', body: 'Line\r\ntwo' })
    expect(opened.status).toBe(303)
    expect(lastEvent()).toMatchObject({
      event: 'issues',
      action: 'opened',
      sender: world.outsider,
      payload: { issue: { body: 'Line\ntwo' } },
    })
    await browser.post(`${path}/comments`, { body: '/process' })
    expect(lastEvent()).toMatchObject({ event: 'issue_comment', action: 'created', sender: world.outsider })
  })

  test('title, body, state and comments can be changed by who may', async () => {
    const issue = await world.issue('Before', 'old')
    const browser = await maintainer()
    const path = `${HOME}/issues/${issue.number}`
    await browser.post(path, { title: 'After', body: 'new' })
    expect(lastEvent()).toMatchObject({
      action: 'edited',
      payload: { changes: { title: { from: 'Before' }, body: { from: 'old' } } },
    })
    await browser.post(`${path}/state`, { do: 'not_planned' })
    expect(issue).toMatchObject({ state: 'closed', stateReason: 'not_planned' })
    await browser.post(`${path}/state`, { do: 'reopen' })
    expect(lastEvent()).toMatchObject({ action: 'reopened' })
    const posted = await browser.post(`${path}/comments`, { body: 'Hm' })
    const id = /#issuecomment-(\d+)/.exec(posted.headers.get('location') ?? '')?.[1]
    await browser.post(`${path}/comments/${id}`, { body: 'Hm!' })
    expect(lastEvent()).toMatchObject({
      event: 'issue_comment',
      action: 'edited',
      payload: { changes: { body: { from: 'Hm' } } },
    })
    const other = await world.issue('Other')
    expect((await browser.post(`${HOME}/issues/${other.number}/comments/${id}`, { body: 'x' })).status).toBe(
      404,
    )
  })

  test('an empty title or comment is refused with the reason', async () => {
    const browser = await maintainer()
    const answer = await browser.post(`${HOME}/issues`, { title: ' ', body: 'x' })
    expect(answer.status).toBe(422)
    expect(answer.page).toContain('Validation Failed')
  })

  test.each(['merge', 'squash', 'rebase'])('the merge button merges by %s', async (method) => {
    const pull = await world.pull(`merge/${method}`, { [`${method}.txt`]: '1\n' })
    const browser = await maintainer()
    const path = `${HOME}/pull/${pull.number}`
    const { page } = await browser.get(path)
    expect(page).toContain('No conflicts with main')
    const sha = /name="sha" value="([0-9a-f]{40})"/.exec(page)?.[1] ?? ''
    expect((await browser.post(`${path}/merge`, { method, sha: '0'.repeat(40) })).status).toBe(409)
    expect((await browser.post(`${path}/merge`, { method, sha })).status).toBe(303)
    expect(pull.pull.merged).not.toBeNull()
    expect(world.events.some((event) => event.event === 'pull_request' && event.action === 'closed')).toBe(
      true,
    )
    const merged = await browser.get(path)
    expect(merged.page).toContain('Merged')
    expect(merged.page).toContain(`${method}.txt`)
    expect((await browser.post(`${path}/merge`, { method, sha })).status).toBe(405)
  })

  test('a conflict is shown instead of the button', async () => {
    const pull = await world.pull('con/flict', { 'README.md': 'theirs\n' })
    const author = { name: 'M', email: 'm@example.test' }
    await world.context.git.commitFiles('maintainer/greeter', 'main', {
      files: { 'README.md': 'ours\n' },
      message: 'Ours',
      author,
    })
    const { page } = await (await maintainer()).get(`${HOME}/pull/${pull.number}`)
    expect(page).toContain('This branch has conflicts')
    expect(page).not.toContain('/merge"')
  })

  test('a file is committed from the form that a link filled in', async () => {
    const browser = await maintainer()
    await browser.get(`${HOME}/new/main?filename=ci.yml&value=x`)
    const answer = await browser.post(`${HOME}/new/main`, {
      filename: 'ci.yml',
      value: 'on: push\r\n',
      message: '',
    })
    expect(answer.headers.get('location')).toBe(`${HOME}/blob/main/ci.yml`)
    expect((await world.context.git.readFile('maintainer/greeter', 'main', 'ci.yml'))?.toString()).toBe(
      'on: push\n',
    )
    expect(lastEvent()).toMatchObject({ event: 'push' })
  })
})

describe('whose form it is', () => {
  test('a form without the cookie, with another’s token or from another origin changes nothing', async () => {
    const issue = await world.issue('Guarded')
    const path = `${HOME}/issues/${issue.number}/labels`
    const fields = { name: 'process', do: 'add' }
    const mine = await maintainer()
    const other = await outsider()
    const refused = [
      await new Browser().post(path, fields),
      await mine.post(path, { ...fields, form_token: other.token }),
      await mine.post(path, { ...fields, form_token: '' }),
      await mine.post(path, fields, { origin: 'http://evil.test' }),
      await mine.post(path, fields, { origin: 'null' }),
      await mine.post(path, fields, { cookie: `${mine.cookie}x` }),
    ]
    expect(refused.map((answer) => answer.status)).toEqual([403, 403, 403, 403, 403, 403])
    expect(issue.labelIds).toEqual([])
    await mine.get('/')
    expect((await mine.post(path, fields, { origin: world.url })).status).toBe(303)
  })

  test('the cookie is kept from scripts and other sites', async () => {
    const answer = await new Browser().get('/')
    expect(answer.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict$/)
  })

  test('one becomes a person only, and is sent back to pages of this server only', async () => {
    const browser = await maintainer()
    expect((await browser.post('/_pages/user', { user: String(world.context.app.bot.id) })).status).toBe(404)
    for (const back of ['//evil.test', 'https://evil.test', '/\\evil.test']) {
      const answer = await browser.post('/_pages/user', { user: String(world.outsider.id), back })
      expect(answer.headers.get('location')).toBe('/')
      await browser.get('/')
    }
    expect((await browser.get('/')).page).toContain('<strong>outsider</strong>')
  })

  test('a form that is too large or none is refused', async () => {
    const browser = await maintainer()
    expect((await browser.post(`${HOME}/issues`, { title: 'x', body: 'x'.repeat(1_100_000) })).status).toBe(
      413,
    )
    const json = await fetch(`${world.url}${HOME}/issues`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', cookie: browser.cookie },
    })
    expect(json.status).toBe(413)
  })
})
