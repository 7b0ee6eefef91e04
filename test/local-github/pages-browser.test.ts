import chromium from '@sparticuz/chromium'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addComment } from '../../src/local-github/actions/comments.ts'
import { addLabels } from '../../src/local-github/actions/labels.ts'
import { type PagesWorld, startPagesWorld, value } from './pages-world.ts'

let world: PagesWorld
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  world = await startPagesWorld()
  browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args, '--disable-background-networking', '--disable-component-update'],
    headless: true,
  })
  page = await browser.newPage()
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

test('an open issue follows what happens and keeps the text that somebody is typing', async () => {
  const issue = await world.issue('Live')
  await page.goto(`${world.url}/maintainer/greeter/issues/${issue.number}`)
  await page.fill('.reply textarea', 'half a sentence')
  value(await addComment(world.context, world.as(world.outsider), issue, 'Fresh from **elsewhere**'))
  value(await addLabels(world.context, world.as(world.maintainer), issue, ['bug']))
  await page.waitForSelector('#comments strong:text("elsewhere")')
  await page.waitForSelector('#sidebar button[aria-pressed=true]:text("bug")')
  expect(await page.inputValue('.reply textarea')).toBe('half a sentence')

  await page.click('#sidebar button:text("process")')
  await page.waitForSelector('#sidebar button[aria-pressed=true]:text("process")')
  expect(world.events.at(-1)).toMatchObject({ action: 'labeled', payload: { label: { name: 'process' } } })
  expect(await page.inputValue('.reply textarea')).toBe('half a sentence')

  await page.click('.reply button')
  await page.waitForSelector('#comments p:text("half a sentence")')
  expect(complaints).toEqual([])
})

test('an outsider’s press on a label ends on the page that refuses it', async () => {
  const issue = await world.issue('Not for you')
  await page.goto(`${world.url}/maintainer/greeter/issues/${issue.number}`)
  await page.click('#you summary')
  await page.click('#you button:text("outsider")')
  await page.waitForSelector('#you summary strong:text("outsider")')
  await page.click('#sidebar button:text("process")')
  await page.waitForSelector('h1:text("Refused")')
  expect(issue.labelIds).toEqual([])
})
