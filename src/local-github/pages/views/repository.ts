import type { Repository } from '../../store/repository.ts'
import { type Html, href, html } from '../html.ts'
import { renderMarkdown } from '../markdown/markdown.ts'
import { ago } from '../pieces.ts'
import { inRepository, repositoryPath, type Visit } from '../visit.ts'
import { renderTree } from './code.ts'

const COMMITS_SHOWN = 10

/** `/:owner/:repository`: files, README, branches and the last commits of the default branch. */
export const showRepository = inRepository(async (visit, repository) => {
  const { context } = visit
  const fullName = context.store.repositories.fullName(repository)
  const branches = await context.git.branches(fullName)
  const tip = branches.find((branch) => branch.name === repository.defaultBranch)?.sha
  const [code, commits] = tip
    ? await Promise.all([renderCode(visit, repository, tip), renderCommits(visit, repository, tip)])
    : [renderEmpty(context.addresses.url, fullName), null]
  const body = html`<div class="columns"><div class="main">
    ${repository.description && html`<p class="lead">${repository.description}</p>`}
    <div id="code" data-live>${code}</div></div>
    <aside><section><h2>Clone</h2><p><code class="clone">${context.addresses.url}/${fullName}.git</code></p></section>
      <section id="branches" data-live><h2>Branches <span class="count">${branches.length}</span></h2>${renderBranches(visit, repository, branches)}</section>
      <section id="commits" data-live><h2>Commits</h2>${commits ?? html`<p class="muted">None yet.</p>`}</section></aside></div>`
  return { kind: 'page', status: 200, title: fullName, body, repository, tab: 'code' }
})

async function renderCode(visit: Visit, repository: Repository, tip: string): Promise<Html> {
  const { context } = visit
  const fullName = context.store.repositories.fullName(repository)
  const entries = (await context.git.listTree(fullName, tip, '')) ?? []
  const readme = entries.find(
    (entry) => entry.type === 'blob' && /^readme(\.(md|markdown|txt))?$/i.test(entry.name),
  )
  const text = readme ? await context.git.readFile(fullName, tip, readme.path) : null
  const place = { repositoryPath: repositoryPath(context, repository) }
  return html`<p class="crumbs"><span class="branch">${repository.defaultBranch}</span></p>${renderTree(visit, repository, repository.defaultBranch, entries)}
    ${readme && text && html`<div class="box readme"><div class="box-head"><strong>${readme.name}</strong></div><div class="prose">${renderMarkdown(text.toString('utf8'), place)}</div></div>`}`
}

function renderEmpty(address: string, fullName: string): Html {
  return html`<div class="notice"><h2>No commits yet</h2><p>Push a first one:</p>
    <pre><code>git remote add origin ${address}/${fullName}.git
git push -u origin main</code></pre></div>`
}

function renderBranches(
  visit: Visit,
  repository: Repository,
  branches: readonly { name: string; sha: string }[],
): Html {
  const base = repositoryPath(visit.context, repository)
  const rows = branches.map(
    (branch) =>
      html`<li><a class="branch" href="${base}${href('tree', branch.name)}">${branch.name}</a>${branch.name === repository.defaultBranch && html` <span class="badge">default</span>`}</li>`,
  )
  return html`<ul class="plain">${rows}</ul>`
}

async function renderCommits(visit: Visit, repository: Repository, tip: string): Promise<Html> {
  const { context } = visit
  const base = repositoryPath(context, repository)
  const commits = await context.git.log(context.store.repositories.fullName(repository), tip, COMMITS_SHOWN)
  const rows = commits.map(
    (commit) => html`<li><a href="${base}/commit/${commit.sha}">${commit.message.split('\n')[0]}</a>
      <p class="small muted"><code>${commit.sha.slice(0, 7)}</code> ${commit.author.name}, ${ago(new Date(commit.committer.date), context.now())}</p></li>`,
  )
  return html`<ul class="plain commits">${rows}</ul>`
}
